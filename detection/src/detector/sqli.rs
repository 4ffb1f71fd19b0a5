//! SQL injection: comments and white space folded away, then signs of a broken-out literal, of boolean probes,
//! stacked statements and database functions, each with a weight; libinjection's token grammar as one sign more.

mod fold;

use std::{ops::Range, sync::LazyLock};

use self::fold::Folded;
use super::{
    Subject,
    patterns::{Patterns, SURE},
};

pub(super) const GATES: &[&str] = &[
    "'",
    "\"",
    "`",
    "--",
    "/*",
    "#",
    ";",
    "union",
    "select",
    "sleep",
    "benchmark",
    "waitfor",
    " or ",
    " and ",
    "or(",
    "or+",
    "and(",
    "||",
    "&&",
    "having",
    "order by",
    "group by",
    "exec",
    "drop ",
    "insert",
    "delete",
    "update",
    "@@",
    "0x",
    "char(",
    "concat",
    "like",
    "(case",
    "xp_",
    "limit",
    "procedure",
    "outfile",
    "\tor",
    "\tand",
    "\nor",
    "\nand",
    "or\t",
    "or\n",
    "/or",
    "/and",
    ")or",
    ")and",
    "rlike",
    "between",
    "null",
];

/// libinjection costs about a microsecond per byte; what is longer is judged by our own signs alone.
const MAX_LIBINJECTION: usize = 2048;

static SIGNS: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[
        // Another result set.
        (
            10,
            r"\bunion\b(?: all| distinct| distinctrow)?[ (]*(?:select|values|table)\b ?[(*@'0-9a-z_$`\x22+!~-]",
        ),
        (10, r"[0-9)\x27\x22] ?\bunion\b[ (]*(?:all|distinct)?[ (]*$"),
        // A boolean that compares constants.
        (
            10,
            r"(?:^|[^a-z_])(?:or|and|xor|\|\||&&|having|where|not|when)(?:[ (!~+-]+|not )*(?:[0-9]+(?:\.[0-9]+)?|'[^']{0,40}'|\x22[^\x22]{0,40}\x22|null|true|false|@@?[a-z_]+|0x[0-9a-f]+)[ )]*(?:(?:=|<=>|<>|!=|<|>|>=|<=|\blike\b|\bin\b|\brlike\b|\bregexp\b|\bbetween\b)[ (+~-]*(?:[0-9]|['\x22(]|null|true|false|@@|0x|not\b)|\bis (?:not )?(?:null|true|false)\b)",
        ),
        // A literal broken out of, then a connective and something it connects.
        (
            10,
            r"^[^'\x22=(,:{\[]{0,60}['\x22`][ )]*(?:(?:or|and|xor|having|where|like|rlike|regexp|in|is|div|mod|between|group by|order by|limit|union|procedure|into)(?:\b|[0-9])|\|\||&&|\*|\^|=|!=) ?[ (!~+-]*(?:[a-z_0-9.@$]+|'[^']*'|\x22[^\x22]*\x22)?[ )]*(?:=|<|>|!=|\blike\b|\bis\b|\bin\b|\brlike\b|\(|--|#|/\*|;|'[^']*'?$)",
        ),
        (10, r"^[^'\x22=(,:{\[]{0,60}['`][ )]*[<>]=? ?[0-9'\x22(]"),
        (
            6,
            r"['\x22`)] ?(?:or|and|xor|\|\||&&)[ (]+(?:not |exists|select|if|case|ascii|length|substr|mid|ord|1|true|sleep|user|database|version|'|\x22)",
        ),
        (
            10,
            r"^[^'\x22]{0,40}['\x22`][ )]*;? ?(?:--[ +-]?[^ '\x22]{0,12}|#[^ ]{0,8}|/\*[^ ]{0,8}|;%00|\x00)$",
        ),
        (10, r"^[0-9a-z_-]{0,24}['\x22`]?\)* ?(?:or|and) [^ ]{1,20} ?(?:--|#)[^ ]{0,8}$"),
        // Statements stacked behind the first.
        (
            10,
            r"['\x22)0-9a-z] ?\)*; ?(?:select\b|insert into\b|update [a-z_.\x22`\[\]]+ set\b|delete from\b|drop (?:table|database|schema|user|view|index|procedure|function)\b|create (?:table|user|database|function|procedure|or replace|login|alias)\b|alter (?:table|user|database|login)\b|exec(?:ute)?[ (]+(?:[@'(]|xp_|sp_|master|immediate|[a-z_.]+ ?(?:['@;(]|--|$))|declare (?:@|[a-z_]+ (?:int|n?varchar|char|number|cursor))|shutdown\b(?: with nowait)?|truncate table|waitfor (?:delay|time)|begin (?:dbms|declare|waitfor|execute)|if ?\( ?(?:select|ascii|ord|substr|length|1|user|db_name|[0-9]+ ?[=<>])|grant [a-z]+ (?:on|to)|copy [a-z_]+ ?(?:\(|from\b|to\b)|call [a-z_.]+ ?\(|set @|use [a-z_]+ ?;|backup database|restore database|rename table)",
        ),
        (
            8,
            r"^ ?; ?(?:select|insert|update|delete|drop|create|alter|exec|declare|shutdown|waitfor|truncate)\b",
        ),
        (8, r"\b(?:drop|truncate) table (?:if exists )?[a-z_`\x22\[]+ ?(?:;|--|#|$)"),
        (5, r"(?:--|#|(?:^|[^a-z0-9_/*-])/\*)[ +-]?[^ ]{0,8}$"),
        // Time, error and out-of-band channels.
        (10, r"\bwaitfor (?:delay|time) ?\(?['\x22]"),
        (
            9,
            r"\b(?:pg_sleep|benchmark|extractvalue|updatexml|load_file|xp_cmdshell|xp_dirtree|xp_regread|sp_executesql|sp_password|sp_oacreate|opendatasource|openrowset|openquery|utl_inaddr|utl_http|utl_file|dbms_pipe|dbms_lock|dbms_ldap|dbms_xmlgen|dbms_utility|ctxsys|httpuritype|xmltype|randomblob|geometrycollection|multipoint|polygon|multipolygon|linestring|multilinestring|row_count|lo_import|lo_export|query_to_xml|database_to_xml|json_keys|name_const|gtid_subset|sys_eval|sys_exec|load_extension|make_set|exportset|xmlforest)[. ]?[a-z_.]*\(+ ?['\x22(@0-9a-z]",
        ),
        (7, r"(?:^|[^.a-z_])sleep ?\( ?[0-9.('\x22]+ ?"),
        (
            10,
            r"(?:\b(?:or|and|if|select|when|xor)\b|\|\||&&|[-+*/,;'\x22(])[ (]*(?:sleep|benchmark|pg_sleep) ?\(",
        ),
        (10, r"^[^'\x22 ]{0,40}['\x22] ?(?:or|and|xor|\|\||&&) ?[-+~!]"),
        (10, r"\binto (?:outfile|dumpfile)\b"),
        (
            10,
            r"\b(?:xp_(?:cmdshell|dirtree|reg[a-z]+|fileexist|makecab|servicecontrol|terminate_process|availablemedia|enumdsn|loginconfig|ntsec[a-z]*)|sp_(?:executesql|oacreate|makewebtask|addextendedproc|configure))\b",
        ),
        (
            10,
            r"\b(?:load_file|extractvalue|updatexml|pg_sleep|pg_read_file|pg_ls_dir|lo_import|load_extension|sys_eval|sys_exec|dbms_[a-z]+\.[a-z_]+|utl_[a-z]+\.[a-z_]+) ?\(",
        ),
        (
            10,
            r"^\W*(?:exec(?:ute)? ?\( ?@|execute immediate ?['\x22]|copy [a-z_]+ ?(?:\([^)]*\))? (?:to|from) (?:program )?'|drop [a-z_]+ ?;? ?--|set @[a-z_]+ ?=)",
        ),
        (10, r"'::(?:jsonb?|int|text|varchar|numeric|regclass)\b"),
        (10, r"\bprocedure analyse ?\("),
        (10, r"\bexec(?:ute)?[ (]+(?:master|xp_|sp_|immediate ')"),
        (10, r"\bdeclare @[a-z0-9_]+ (?:as )?(?:n?varchar|int|char|sysname|cursor)"),
        // Reading what the schema holds.
        (
            8,
            r"\b(?:information_schema ?[.]|mysql[.](?:user|db|innodb)|sys(?:[.]|objects|columns|databases|logins|users)\b|pg_(?:catalog|user|shadow|database|tables|class|ls_dir|read_file)|sqlite_(?:master|schema|version|temp_master)|all_tab(?:les|_columns)|user_tab(?:les|_columns)|v[$]version|dba_users|msysobjects|master[.][.]|rdb[$])",
        ),
        (
            8,
            r"@@(?:version|hostname|datadir|basedir|servername|global|session|tmpdir|language|spid|pack_received)",
        ),
        (7, r"\( ?select\b.{1,240}?(?:\bfrom\b|\)|['\x22])"),
        (
            6,
            r"\bselect\b(?: distinct| top [0-9]+| all)? ?(?:\*|[a-z0-9_.@$,`'\x22()\[\]| +-]{1,120}?) ?(?:\bfrom\b|\binto\b)[ (`\x22\[]*[a-z_]",
        ),
        (
            6,
            r"\bselect[ (]+(?:@@|sleep|version|user ?\(|database ?\(|current_user|null\b|[0-9]+ ?[,)]|'|char ?\(|chr ?\(|concat|group_concat|load_file|case when|count ?\( ?\*|if ?\()",
        ),
        (
            5,
            r"\b(?:concat|concat_ws|group_concat|string_agg|listagg|cast|convert|ascii|ord|hex|unhex|char|chr|nchar|substr|substring|mid|length|len|ifnull|nullif|coalesce|elt|instr|conv|rand|floor|exp|md5|sha1|quotename|bin|lower|user|version|database|schema|current_user|system_user|session_user|db_name|user_name|host_name|is_srvrolemember|row|encode|crypt_key)[ ]?\(",
        ),
        (4, r"\b(?:0x[0-9a-f]{4,}|char ?\([0-9]+(?:,[0-9]+)*\)|chr ?\([0-9]+\))"),
        (5, r"\bcase ?(?:when|[(0-9a-z]+ when)\b.{1,80}?\bthen\b"),
        (5, r"['\x22)0-9] ?(?:order|group) by [0-9]+(?:,[0-9]+)*"),
        (10, r"(?:^|['\x22)0-9a-z])\)* ?order by [0-9]+(?:,[0-9]+)* ?(?:--|#|/\*)"),
        (5, r"\bhaving [0-9]+ ?[=<>]"),
        (
            10,
            r"['\x22`)] ?\)* ?(?:or|and|xor|\|\||&&) ?\(* ?['\x22]{1,2}[^'\x22]{0,20}['\x22]{1,2} ?\)* ?(?:=|like|<|>)",
        ),
        (8, r"['\x22] ?(?:\|\||\+) ?(?:\(? ?select|chr ?\(|char ?\(|utl_|'|\x22|user\b|version|@@|sleep)"),
        (6, r"['\x22] ?(?:&&|\|\|) ?['\x220-9(]"),
        (10, r"\b(?:rlike|regexp|like|in|exists|any|all|some|not) ?\( ?\(* ?select\b"),
        (10, r"['\x22] ?(?:and|or|xor|\|\||&&) ?\( ?select\b"),
        (10, r"\b(?:and|or) (?:[0-9]+|\(?select) ?(?:\(|in|not in) ?\( ?select"),
        (10, r"\bif ?\( ?[^)]{1,60}[=<>][^)]{0,60}, ?[^)]{1,60}, ?[^)]{1,60}\)"),
        (6, r"/\*!(?:[0-9]{5})?"),
        (10, r"\binsert into [a-z_.`\x22\[\]]+ ?(?:\([^)]{1,120}\))? ?(?:values|select)\b[ (]"),
        (6, r"\bdelete from [a-z_.`\x22\[\]]+ ?(?:where|;|--|$)"),
        (6, r"\bupdate [a-z_.`\x22\[\]]+ set [a-z_.`\x22\[\]]+ ?="),
        (6, r"\b(?:create|alter) (?:table|user|login|procedure|function) [a-z_.`\x22\[]+"),
        (
            10,
            r"^['`)]+ ?(?:or|and|xor|\|\||&&|union|having|order by|group by|limit|like|is not|is null|not in)\b",
        ),
        (
            10,
            r"^-?[0-9]+[ )]*(?:or|and|xor|having|\|\||&&)[ (]+(?:not |exists ?\(|select\b|[a-z_]+ ?\(|'|\x22|[0-9]+[ )]*(?:--|#|=|<|>|\b(?:like|in|is|between)\b))",
        ),
        (10, r"^-?[0-9]+[ )]*(?:--|#|;--)[ -]?$"),
        (5, r"^-?[0-9]+['\x22`]"),
        (8, r"\blimit [0-9]+(?:,[0-9]+)? (?:procedure|union|into)"),
        (10, r"\bdbms_[a-z]+\.[a-z_]+ ?\("),
        (10, r"(?:'|\x22|\b)(?:or|and) (?:'|\x22)[^'\x22]{0,20}(?:'|\x22) ?(?:=|like|<|>) ?(?:'|\x22)"),
    ])
});

pub(super) fn find(subject: &Subject<'_>) -> Option<Range<usize>> {
    let folded = Folded::of(subject.lower);
    let own = SIGNS.score(folded.bytes());
    let document = subject.is_document();
    // A file of code that is sent as one value may query by right.
    let needed = match document {
        true => 3 * SURE,
        false if super::nosql::is_condition(subject) => 2 * SURE,
        false => SURE,
    };
    if let Some(score) = own.as_ref().filter(|score| score.total >= needed) {
        return Some(folded.original(score.at.clone()));
    }
    let bytes = subject.bytes();
    if own.is_none() && subject.is_expression() {
        return None;
    }
    if document || bytes.len() > MAX_LIBINJECTION || !has_edge(subject.lower, own.as_ref()) {
        return None;
    }
    libinjectionrs::detect_sqli(bytes).is_injection().then_some(0..bytes.len())
}

/// Whether SQL could begin here at all: libinjection also reads arithmetic and metric queries as injections.
fn has_edge(lower: &[u8], own: Option<&super::patterns::Score>) -> bool {
    own.is_some_and(|score| score.total >= 4)
        || lower.iter().any(|byte| matches!(byte, b'\'' | b'`'))
        || ["--", "union", "select"].iter().any(|sign| memchr::memmem::find(lower, sign.as_bytes()).is_some())
        // Balanced double quotes hold the labels of a metric or the keys of an object.
        || memchr::memchr_iter(b'"', lower).count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expression_compiles() {
        LazyLock::force(&SIGNS);
    }
}
