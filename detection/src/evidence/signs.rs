use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder};

use super::EvidenceKind;

/// Signs of each kind: forms that systems print, not words that texts about them use.
pub(super) fn of(kind: EvidenceKind) -> &'static [Regex] {
    match kind {
        EvidenceKind::FileContents => &FILE_CONTENTS,
        EvidenceKind::CommandOutput => &COMMAND_OUTPUT,
        EvidenceKind::SqlError => &SQL_ERROR,
        EvidenceKind::DatabaseDump => &DATABASE_DUMP,
        EvidenceKind::CloudMetadata => &CLOUD_METADATA,
        EvidenceKind::SecretsDisclosed => &SECRETS,
        EvidenceKind::StackTrace => &STACK_TRACE,
        EvidenceKind::ScriptReflected | EvidenceKind::HeaderInjected | EvidenceKind::TemplateEvaluated => &[],
    }
}

/// Both factors of the first multiplication in a probe.
pub(super) fn product(probe: &str) -> Option<(u64, u64)> {
    let star = probe.find('*')?;
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>().parse().ok();
    let (left, right) = (probe.get(..star)?, probe.get(star + 1..)?);
    let left = left.trim_end_matches([' ', '\'', '"']);
    let left = left.get(left.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1)..)?;
    let right = right.trim_start_matches([' ', '\'', '"']);
    let right = right.get(..right.find(|c: char| !c.is_ascii_digit()).unwrap_or(right.len()))?;
    Some((digits(left)?, digits(right)?))
}

type Signs = LazyLock<Vec<Regex>>;

#[expect(clippy::expect_used, reason = "constant expressions; a test compiles every one of them")]
fn compile(patterns: &[&str]) -> Vec<Regex> {
    let build =
        |pattern: &&str| RegexBuilder::new(pattern).unicode(false).build().expect("constant expression");
    patterns.iter().map(build).collect()
}

static FILE_CONTENTS: Signs = LazyLock::new(|| {
    compile(&[
        // passwd(5), shadow(5), group(5)
        r"(?:^|[^a-z])(?:root|daemon|bin|nobody|www-data|mysql):[^:\s]{0,64}:[0-9]{1,6}:[0-9]{1,6}:[^:\n]{0,80}:/",
        r"root:(?:\$[0-9a-z]+\$|[!*x]?):[0-9]{4,6}:[0-9]*:[0-9]*:[0-9]*",
        r"(?m)^root:[x*!]?:0:",
        // win.ini, boot.ini, system.ini
        r"(?i)\[(?:fonts|extensions|mci extensions|files)\]\s*(?:\r?\n|;|\[|[a-z]+=)",
        r"(?i)\bbit app support",
        r"(?i)\[boot loader\]|\[operating systems\]\s*multi\(",
        r"(?i)\[drivers\]\s*wave=|\[386enh\]",
        // hosts(5)
        r"127\.0\.0\.1[ \t]+localhost",
        r"(?:^|[\x00\n])(?:PATH|HOME|USER|HOSTNAME|PWD)=/[^\n\x00]*[\x00\n](?:[A-Z_]+=)",
        r"(?i)<web-app\b[^>]*>|<!DOCTYPE web-app|<servlet-(?:class|name)>",
        r"(?i)<configuration>\s*(?:<!--.*?-->\s*)?<(?:system\.web|appSettings|connectionStrings|configSections)",
        r"(?:^|\n)Linux version [0-9]+\.[0-9]+",
        r"-----BEGIN (?:RSA |DSA |EC |OPENSSH |ENCRYPTED |PGP )?PRIVATE KEY",
        r"<\?php\s[^?]{0,400}(?:\$[a-z_]+\s*=|define\s*\(|require|include|function )",
        r"PD9waHA[A-Za-z0-9+/=]{12,}|cm9vdDp4OjA6M[A-Za-z0-9+/=]{8,}",
    ])
});

static COMMAND_OUTPUT: Signs = LazyLock::new(|| {
    compile(&[
        r"uid=[0-9]+(?:\([a-z0-9_.$-]+\))?,? ?gid=[0-9]+",
        r"(?:^|[^a-z])(?:root|daemon|bin|nobody):[^:\s]{0,64}:[0-9]{1,6}:[0-9]{1,6}:[^:\n]{0,80}:/",
        r"(?m)^total [0-9]+\r?\n[dl-][rwxst-]{9}",
        r"(?m)^[dl-][rwxst-]{9}[.+@]?\s+[0-9]+ [a-z0-9_-]+ +[a-z0-9_-]+ +[0-9]+ ",
        r"Linux [a-zA-Z0-9_.-]+ [0-9]+\.[0-9]+\.[0-9]+[^ ]* (?:#[0-9]+|SMP)",
        r"[0-9]+ bytes from [0-9a-f.:]+[^\n]{0,40}icmp_seq=[0-9]+",
        r"PING [^\n]{1,80}bytes of data|Pinging [^\n]{1,80}with [0-9]+ bytes of data",
        r"(?i)volume serial number is [0-9a-f]{4}-[0-9a-f]{4}|directory of [a-z]:\\",
        r"(?i)microsoft windows \[version [0-9.]+|windows ip configuration",
        r"(?i)\bnt authority\\(?:system|network service|local service|iusr)|iis apppool\\",
        r"eth0[: ][^\n]{0,80}(?:inet|mtu|Link encap|flags)|inet (?:addr:)?[0-9.]+[^\n]{0,40}(?:netmask|[Mm]ask|scope)",
        r"(?m)^Server:\s+[0-9.]+\r?\nAddress:\s+[0-9.]+#53",
        r"(?:ba|da|z)?sh: (?:[0-9]+: |line [0-9]+: )?[^\n:]{1,60}: (?:command )?not found",
        r"is not recognized as an internal or external command",
        r"(?m)^PID\s+(?:TTY|USER)\s+|USER\s+PID\s+%CPU",
        r"Host Name:\s+\S+\s+OS Name:\s+Microsoft",
    ])
});

static SQL_ERROR: Signs = LazyLock::new(|| {
    compile(&[
        r"You have an error in your SQL syntax|check the manual that (?:corresponds to|fits) your (?:MySQL|MariaDB)",
        r"(?i)warning.{0,40}\bmysqli?_[a-z_]+\(|mysql_fetch_(?:array|assoc|row|object)|supplied argument is not a valid MySQL",
        r"(?i)XPATH syntax error: '|Duplicate entry '[^']{1,120}' for key|DOUBLE value is out of range in|The used SELECT statements have a different number of columns|Unknown column '[^']+' in '|Illegal mix of collations|Operand should contain [0-9]+ column",
        r"(?i)unterminated quoted string at or near|syntax error at or near \x22|invalid input syntax for (?:type )?(?:integer|numeric|uuid|boolean)|pg_(?:query|exec)\(\)|PSQLException|PG::[A-Z][A-Za-z]+Error|psycopg2\.",
        r"(?i)unclosed quotation mark (?:after|before) the character string|incorrect syntax near|conversion failed when converting the (?:n?varchar|date)|microsoft (?:ole db|odbc)[^\n]{0,60}(?:sql|error)|\[SQL Server\]|System\.Data\.SqlClient|SqlException|\[Microsoft\]\[ODBC",
        r"\bORA-[0-9]{5}\b|\bPLS-[0-9]{5}\b|quoted string not properly terminated|oracle\.jdbc",
        r"(?i)SQLITE_ERROR|sqlite3?\.(?:OperationalError|Exception|DatabaseError)|unrecognized token: \x22|near \x22[^\x22]{0,40}\x22: syntax error|SQLite/JDBCDriver|SQLiteException",
        r"SQLSTATE\[[0-9A-Z]{5}\]|PDOException|java\.sql\.SQL[A-Za-z]*Exception|com\.mysql\.jdbc|org\.hibernate\.(?:exception|QueryException)|org\.postgresql\.util|Sequelize[A-Za-z]*Error|QueryFailedError|ActiveRecord::StatementInvalid|sqlalchemy\.exc\.",
        r"(?i)CLI Driver.{0,20}DB2|DB2 SQL error|SQLCODE[=: ]+-?[0-9]+|Sybase message|Dynamic SQL Error|Microsoft Access (?:Driver|Database Engine)|JET Database Engine|Syntax error \(missing operator\) in query expression",
        r"(?i)MongoServerError|MongoError|BSONTypeError|unknown (?:top level )?operator: \$|\$where requires|E11000 duplicate key|CastError: Cast to",
    ])
});

static DATABASE_DUMP: Signs = LazyLock::new(|| {
    compile(&[
        r"\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}",
        r"\*[0-9A-F]{40}\b",
        r"(?i)\b(?:information_schema|performance_schema|pg_catalog|sqlite_master|sqlite_sequence|mysql\.user|sysobjects)\b[^<]{0,200}\b(?:tables|columns|users?|schema_name|proc|create table|event)\b",
        r"(?i)CREATE TABLE [`\x22\[]?[a-z_]+[`\x22\]]? ?\([^)]{10,}",
        r"(?i)~?(?:5\.[5-7]|8\.[0-9]|10\.[0-9]{1,2}|11\.[0-9])\.[0-9]{1,3}-(?:MariaDB|[0-9]+ubuntu|log|debian)|PostgreSQL [0-9]{1,2}\.[0-9]+[^\n]{0,30} on x86_64|Microsoft SQL Server 20[0-9]{2}",
        r"(?i)(?:password|passwd|pwd)[\x22']?\s*[:=]\s*[\x22'](?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})[\x22']",
        r"(?i)[\x22'>\s,|:](?:root|admin|[a-z_]+)@(?:localhost|%|127\.0\.0\.1)[\x22'<\s,|]",
    ])
});

static CLOUD_METADATA: Signs = LazyLock::new(|| {
    compile(&[
        r"\x22AccessKeyId\x22\s*:\s*\x22(?:ASIA|AKIA)[A-Z0-9]{12,}",
        r"\x22(?:SecretAccessKey|instanceProfileArn|InstanceProfileArn)\x22\s*:",
        r"\x22(?:accountId|instanceId|imageId|pendingTime|availabilityZone)\x22\s*:[^}]{0,400}\x22(?:instanceId|region|privateIp|instanceType|imageId)\x22\s*:",
        r"(?:^|\n)(?:ami-id|ami-launch-index|ami-manifest-path|instance-id|instance-type|local-hostname)\s*\n(?:[a-z-]+/?\n)*",
        r"\x22access_token\x22\s*:\s*\x22ya29\.|\x22serviceAccounts\x22|computeMetadata",
        r"\x22(?:vmId|subscriptionId|resourceGroupName)\x22\s*:[^}]{0,400}\x22(?:vmSize|osType|location|vmId)\x22",
        r"(?i)-ERR wrong number of arguments for|\+OK\r\n|redis_version:|STAT pid [0-9]+",
        r"(?:^|[^a-z])root:[^:\s]{0,64}:0:0:",
    ])
});

static SECRETS: Signs = LazyLock::new(|| {
    compile(&[
        r"(?m)^(?:export )?(?:APP_KEY|APP_ENV|APP_DEBUG|APP_SECRET|DB_PASSWORD|DB_USERNAME|DB_HOST|DB_CONNECTION|DATABASE_URL|SECRET_KEY(?:_BASE)?|JWT_SECRET|MAIL_PASSWORD|REDIS_PASSWORD|AWS_SECRET_ACCESS_KEY|AWS_ACCESS_KEY_ID|STRIPE_[A-Z_]+|API_KEY)\s*=",
        r"\[core\]\s+repositoryformatversion|ref: refs/heads/|(?m)^\[remote \x22[a-z]+\x22\]",
        r"-----BEGIN (?:RSA |DSA |EC |OPENSSH |ENCRYPTED )?PRIVATE KEY",
        r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
        r"<title>phpinfo\(\)</title>|<h1 class=\x22p\x22>PHP Version|PHP Extension Build|PHP Credits",
        r"(?i)<title>(?:[^<]{0,40})?(?:phpMyAdmin|Apache Status|Server Information|Index of /|Directory listing for|Adminer)|<h1>Apache Server (?:Status|Information)",
        r"(?:^|[^A-Za-z])define\s*\(\s*['\x22]DB_(?:PASSWORD|NAME|USER|HOST)['\x22]",
        r"(?i)-- (?:MySQL|MariaDB|PostgreSQL database) dump|INSERT INTO [`\x22]?[a-z_]+[`\x22]? (?:\([^)]*\) )?VALUES|CREATE TABLE (?:IF NOT EXISTS )?[`\x22][a-z_]+[`\x22] \(",
        r"\x22(?:activeProfiles|propertySources)\x22\s*:|\x22_links\x22\s*:\s*\{\s*\x22self\x22[^}]{0,160}actuator",
        r"(?m)^[a-z0-9_.-]{1,32}:(?:\$apr1\$|\$2y\$|\{SHA\})[^\s]{10,}",
        r"(?i)<connectionStrings>|<add (?:name|key)=\x22[^\x22]+\x22 (?:connectionString|value)=",
        r"\x22(?:private_key|client_secret|aws_secret_access_key|db_password)\x22\s*:\s*\x22",
        r"(?i)(?:^|\n)\s*(?:password|passwd|db_pass(?:word)?|database_password|secret|secret_key|spring\.datasource\.password)\s*[:=]\s*[^\s<{][^\n]{3,}",
        r"(?:^|[^a-z])root:[^:\s]{0,64}:0:0:",
        r"(?i)Active connections: [0-9]+\s+server accepts",
        r"JAVA PROFILE 1\.0\.[0-9]",
        r"\x00\x00\x00\x01Bud1",
    ])
});

static STACK_TRACE: Signs = LazyLock::new(|| {
    compile(&[
        r"Traceback \(most recent call last\):",
        r"(?m)^\s+at [a-zA-Z_$][\w$.]*\.[\w$<>]+\([A-Za-z_$][\w$]*\.(?:java|kt|scala|groovy):[0-9]+\)",
        r"(?m)^\s+at [^\n]{1,160}\((?:/|[A-Z]:\\|node:|file:)[^\n)]{1,200}:[0-9]+:[0-9]+\)",
        r"(?i)(?:fatal error|warning|parse error|notice)(?:</b>)?:[^\n]{1,300} in (?:<b>)?(?:/|[a-z]:\\)[^\n]{1,200}\.php(?:</b>)? on line",
        r"(?m)^\s+at [\w.<>`]+\([^)]*\) in [A-Za-z]:\\[^\n]{1,200}:line [0-9]+",
        r"(?m)^goroutine [0-9]+ \[[a-z ]+\]:",
        r"(?m)^\S+\.rb:[0-9]+:in [`'][^'\n]+'",
        r"\[(?:HttpException|NullReferenceException|SqlException|InvalidOperationException)[^\]]*\]:?|Server Error in '/[^']*' Application",
    ])
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_compiles() {
        let signs: usize = EvidenceKind::ALL.into_iter().map(|kind| of(kind).len()).sum();
        assert!(signs > 50);
    }

    #[test]
    fn factors_of_a_probe_are_found() {
        assert_eq!(product("{{ 7*'191' }}"), Some((7, 191)));
        assert_eq!(product("${a}"), None);
    }
}
