//! Code and template injection into the runtimes behind an API: templates, Java, PHP, Node.js, server-side includes.

use std::{ops::Range, sync::LazyLock};

use super::{Subject, patterns::Patterns};

pub(super) const TEMPLATE_GATES: &[&str] = &[
    "{{",
    "{%",
    "${",
    "#{",
    "<%",
    "*{",
    "@{",
    "@(",
    "[[",
    "{php",
    "{$",
    "#set",
    "{if",
    "{system",
    "~{",
    "__class__",
    "$class",
    "{{=",
];
pub(super) const JAVA_GATES: &[&str] = &[
    "java.",
    "javax.",
    "jndi:",
    "${",
    "%{",
    "#_member",
    "ognl",
    "getruntime",
    "processbuilder",
    "ro0ab",
    "class.module",
    "classloader",
    "xwork",
    "springframework",
    "@type",
    "ysoserial",
    "\u{00ac}\u{00ed}",
    "aced0005",
    "getclass",
    "runtime",
    "freemarker",
    "com.sun",
    "org.apache",
    "#context",
    "struts",
    "h4sia",
    // `runtime` and `processbuilder` in base64, at each of three offsets.
    "cnvudgltz",
    "hj1bnrpbwu",
    "bydw50aw1l",
    "chjvy2vzc2j1awxkzx",
    "hbyb2nlc3nidwlszgvy",
    "bwcm9jzxnzynvpbgrlcg",
    ".execute()",
    "kztaau",
    "cs7qaf",
    "transformer",
    "closure",
    "factory",
    "org.omg",
    "multipart/form-data",
];
pub(super) const PHP_GATES: &[&str] = &[
    "<?",
    "php",
    "o:",
    "a:",
    "c:",
    "system",
    "exec",
    "passthru",
    "eval(",
    "assert",
    "base64_decode",
    "$_",
    "_get",
    "globals",
    "phpinfo",
    "call_user_func",
    "preg_replace",
    "auto_prepend",
    "file_put",
    "file_get",
    "fopen",
    "chr(",
    "unserialize",
    "create_function",
    "include(",
    "usort",
    "getenv",
    "allow_url",
    "readfile",
    "array_",
    "print(",
    "echo",
    "md5(",
    "_file",
    "_post",
    "proc_",
    "ini_",
    "posix_",
    "func",
    "var_dump",
    "curl_",
    "scandir",
    "show_source",
    "bzopen",
    "$",
    "$",
    ")(",
    "](",
    "array_",
    "ctype_",
    "ftp_",
    "iconv_",
    "imap_",
    "ldap_",
    "mb_",
    "mysql",
    "oci_",
    "odbc_",
    "openssl_",
    "pcntl_",
    "pg_",
    "preg_",
    "session_",
    "sodium_",
    "socket_",
    "stream_",
    "tidy_",
    "zend_",
    "zip_",
    "is_",
    "str_",
    "strip_",
    "image_",
    "parse_",
    "val(",
    "printf",
    "pack(",
    "sockopen",
    "gethostby",
    "(string",
    "\"system",
    "memory_limit",
    "extension_dir",
    "mbstring.",
    "opcache.",
    "->$",
    "::",
];
pub(super) const NODE_GATES: &[&str] = &[
    "require",
    "process.",
    "child_process",
    "__proto__",
    "constructor",
    "prototype",
    "global",
    "_$$nd",
    "fs.",
    "spawn",
    "exec",
    "eval",
    "settimeout",
    "function",
    "readfile",
    "mainmodule",
    "this.",
    "proto",
    "import",
    "while",
    "@{",
    "exports",
    "console",
    "__",
    "reflect",
];
pub(super) const SSI_GATES: &[&str] = &["<!--#", "<!--%23", "<esi:", "<!--esi"];

static TEMPLATE: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[
        (
            10,
            r"(?:\{\{|\$\{|#\{|<%=?|\*\{|@\(|\[\[|\$\{\{|\{%|~\{|\{=|\{@|%\{|\{php\}|@\{)\s*['\x22(]*[0-9]{1,6}['\x22]?\s*[*+/-]\s*['\x22(]*[0-9]{1,6}",
        ),
        (
            10,
            r"(?:\{\{|\$\{|#\{|<%|\{%|\*\{|@\(|\{php\}|\[\[)[^\n]{0,200}?(?:__(?:class|mro|subclasses|globals|init|import|builtins|base|bases|dict|getattribute)__|\bmro\s*\(|subclasses\s*\(|getruntime|processbuilder|java\.lang|java\.util|popen|subprocess|\bos\.(?:popen|system|environ)|system\s*\(|passthru\s*\(|shell_exec|\beval\s*\(|\bexec\s*\(|readlines|\bcycler\b|\bjoiner\b|\blipsum\b|get_flashed_messages|url_for|request\.(?:application|args|environ|__|getclass)|self\.(?:_|env|config)|self\._|config\.(?:items|from|__)|registerundefinedfiltercallback|getfilter|freemarker\.template|\?new\(|\?api|\.getclass|\.class\.|\.constructor|child_process|process\.(?:env|main)|require\s*\(|file_excerpt|\bdump\s*\(|app\.request|_self\b|include\s*['\x22]/|source\s*\(|file\.(?:open|read|new|entries)|dir\.entries|io\.popen|t\(java|#rt|smarty\.|\$smarty|settings\.secret|\|attr\b|\|\s*filter\s*\(|\|\s*map\s*\(|\|\s*sort\s*\(|\|\s*reduce\s*\(|forloop\.|\|join\b|print\s*\(|range\.constructor|debug\b\s*%\}|#this|this\.process|execute\s*\(|nodeprocess|with\s+\x22s\x22|lookup\s*\(|abbr\s*\|)",
        ),
        (
            10,
            r"\{\{\s*(?:config|self|settings|request|_self|dump|app|this|handler\.settings)(?:\.[a-z_.]+|\[[^\]]*\])?\s*(?:\(\s*\))?\s*(?:\|\s*(?:e|safe|raw|list|string|tojson|pprint|dump|join))?\s*\}\}\s*$",
        ),
        (
            10,
            r"\{\{=\s*_?[a-z.]|\{\{/?#?with\b|<%=?\s*(?:\[|if\b|for\b|elem\b|end)|\{\{[^}]{0,80}(?:\.constructor|setcache|loadtemplate|storages?\.|secret|signer|lookup)|#set\s*\(\s*\$[a-z0-9]+\s*=|#set\s*\(\s*\$[a-z]+\s*=.{0,80}(?:class|runtime|\$|[0-9]\s*\*)|#foreach\s*\(|\$class\.inspect|#\{?\s*(?:system|exec|eval|`|%x|file|io|dir|kernel)\b",
        ),
        (
            10,
            r"<%=?\s*(?:system|exec|eval|`|%x|file\.|io\.|dir\.|open\(|request|response|session|require|self|global|foobar|\x60)",
        ),
        (
            10,
            r"<#(?:assign|list|include|import|macro|if)\b|<@[a-z]+|\{php\}|\{literal\}|\{system\s*\(|\{if\s+(?:system|phpinfo|passthru)|<%@|<\$[a-z]|\{\{#with",
        ),
        (
            10,
            r"\{\{\s*['\x22][^'\x22]{1,20}['\x22]\s*(?:\*|\.|\|\s*(?:e|upper|lower|capitalize|join))|\{\{\s*\[\s*\]\s*[.|]|\{\{\s*\(?['\x22]{2}\)?|\{\{\s*\(\)|\{\{\s*[a-z]+\|attr",
        ),
        (
            10,
            r"@\([0-9]+[*+]|@\{?\s*(?:system|//|int |string |var )|\$\{\s*t\s*\(|\$\{\s*(?:class|facescontext|applicationscope|pagecontext|param\b|header\b|sys:|self\.|\x22\x22|''|[0-9]+\.?[a-z]*\.?getclass)",
        ),
    ])
});

static JAVA: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[
        (
            10,
            r"\$\{\s*(?:jndi|(?:\$\{[^}]*\}|lower:|upper:|env:|sys:|java:|date:|ctx:|main:|script:|dns:|url:|base64|::-|[^}:]{0,12}:-)[^}]{0,40})[:}]",
        ),
        (10, r"jndi:(?:ldaps?|rmi|dns|iiop|corba|nds|nis|http|\$\{)"),
        (
            10,
            r"(?:java\.(?:lang\.(?:runtime|processbuilder|system|class|thread|reflect|string|integer|math|object|unsafe)|io\.(?:file|inputstream|bufferedreader|printwriter|serializ|objectinput)|util\.(?:scanner|locale|zip|priorityqueue|hashmap)|net\.(?:url|socket)|rmi\.|beans\.|sql\.|security\.|nio\.)|javax\.(?:script\.|naming\.|management\.|el\.|xml\.(?:transform|bind)|servlet|swing|imageio|activation|crypto))",
        ),
        (
            10,
            r"(?:getruntime\s*\(\s*\)|runtime\.exec|processbuilder\s*[({\[]|new\s+processbuilder|\.getclass\s*\(\s*\)\s*\.|\.forname\s*\(|\.getmethod\s*\(|\.newinstance\s*\(|scriptenginemanager|classloader|getdeclaredmethod|\.defineclass|getsystemclassloader|urlclassloader)",
        ),
        (
            10,
            r"#_memberaccess|#context\b|@ognl|ognl\.|opensymphony|xwork2?[.]|allowstaticmethodaccess|denymethodexecution|#(?:req|request|res|response|application|session|attr|parameters|cmd|ros|iswin|process|container|dm|instancemanager|stack|bean|arglist|execute|p|a|b|c|str|rt|f|d|e|s|w|out|sb|h|is|q|ct|cr|fos|wr)\s*=\s*(?:@|\(|new |#|['\x22{\[])|multipart/form-data.{0,40}#",
        ),
        (10, r"[%$]\{\s*(?:\(*[#@]|%\{\(|[0-9]+\s*[-*+/]\s*[0-9]+|new |t\(|\x22\x22|'')"),
        (
            10,
            r"class\.(?:module\.)?classloader|class\[['\x22]?(?:module|classloader)|classloader\.resources|\bclass\.protectiondomain|%\{\(#|redirect(?:-?action)?:\s*[%$]\{|action:\s*[%$]\{|(?:^|&)debug=(?:command|xml)",
        ),
        (
            10,
            r"^ro0ab[a-z0-9+/=]+$|ro0ab[a-z0-9+/=]{3,}|^[a-z0-9+/]{0,40}(?:cnvudgltz|hj1bnrpbwu|bydw50aw1l|chjvy2vzc2j1awxkzx|hbyb2nlc3nidwlszgvy|bwcm9jzxnzynvpbgrlcg)[a-z0-9+/=]{0,80}$|\xac\xed\x00\x05|aced0005|kztaau|cs7qaf|h4siaaaaaaa|ysoserial|commons-?collections|(?:clone|for|while|switch|chained|constant|instantiate|invoker|prototypeclone|prototypeserialization|instantiatefactory|factory|closure)(?:transformer|closure|factory)\b|org\.omg\.corba|templatesimpl|org\.apache\.commons\.(?:collections|beanutils|fileupload|text)|badattributevalueexp|com\.mchange|jdbcrowset|basicdatasource|com\.caucho|org\.codehaus|clojure\.|com\.alibaba|sun\.(?:rmi|misc|net|tools|reflect)|org\.(?:mozilla\.javascript|hibernate|jboss|springframework\.(?:context|beans|expression|core|jndi|aop|web)|eclipse|mortbay|apache\.(?:xalan|xbean|naming|ibatis|shiro|struts|tomcat|velocity|catalina|bcel|logging|jasper|groovy)|h2\.|postgresql\.|yaml\.snake)|com\.(?:sun\.|zaxxer|ibatis|mysql\.jdbc|newrelic|opensymphony|caucho)",
        ),
        (
            10,
            r"[\x22']@type[\x22']\s*:\s*[\x22']|^(?:\[?l?com\.sun|org\.springframework|javax?\.)[a-z.]+|!!(?:javax?|com|org|sun)\.",
        ),
        (
            10,
            r"<(?:java|object|void|method|sorted-set|dynamic-proxy|map|linked-hash-set|tree-map|entry|jdk\.nashorn|java\.util\.[a-z]+)\b[^>]{0,60}(?:class=\s*['\x22](?:java|javax|com\.|org\.|dynamic)|version=\s*['\x22]1\.[0-9])|<jsp:|<%@?\s*(?:page|out\.|runtime|string|java)|\.exec\s*\(\s*['\x22]|['\x22]\.execute\(\)|unmarshaller|base64data|\$\$bcel\$\$|#parameters|freemarker\.template\.utility",
        ),
    ])
});

static PHP: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[
        (
            10,
            r"<\?(?:php\b|=|\s*(?:system|exec|eval|echo|passthru|phpinfo|\$|@|print|include|require|file|die))|<script[^>]{0,20}language\s*=\s*['\x22]?php|\[php\]|\[/php\]",
        ),
        (
            10,
            r"(?:^|[;:{}\x22'=\s|])(?:o:\+?[0-9]+:\x22[a-z_\\]+[^\x22]*\x22:[0-9]+:\{|c:[0-9]+:\x22|a:[0-9]+:\{(?:i|s|o|a):)",
        ),
        (
            10,
            r"\b(?:system|passthru|shell_exec|popen|proc_open|pcntl_exec|phpinfo|phpversion|php_uname|php_sapi_name|posix_[a-z]+|phpcredits|getmypid|get_current_user)\s*\(\s*(?:['\x22$)]|[a-z_]+\(|\x60)",
        ),
        (
            10,
            r"\b(?:eval|assert|create_function|call_user_func(?:_array)?|preg_replace(?:_callback)?|array_map|array_filter|array_walk|usort|uasort|uksort|register_shutdown_function|ob_start|forward_static_call|iterator_apply|func_overload|base64_decode|gzinflate|gzuncompress|str_rot13|unserialize|file_put_contents|file_get_contents|fopen|fwrite|fputs|move_uploaded_file|readfile|show_source|highlight_file|highlight_string|include_once|require_once|parse_str|extract|putenv|ini_set|ini_get|getenv|get_defined_vars|get_cfg_var|scandir|opendir|readdir|glob|var_dump|var_export|print_r|curl_init|curl_exec|mail|dl|symlink|chmod|unlink|rename|mkdir|copy|tempnam|tmpfile|bzopen|gzopen|gzfile|readgzfile|fsockopen|pfsockopen|stream_context_create|stream_socket_client|simplexml_load_file|imageloadfont|hex2bin|bin2hex|convert_uudecode|strrev|chr|set_error_handler|set_include_path|spl_autoload|error_log|exec|session_start|session_id|allow_url_include|array_diff_ukey|array_udiff|is_callable|func_get_args|method_exists|md5|print|printf|sha1|sprintf|die|exit|ftp_connect|apache_getenv|json_decode)\s*(?:/\*.{0,20}\*/)?\s*\(\s*(?:['\x22]?(?:cmd|/|php|base64|whoami|id|ls|cat|http|data:|\.\.)|\$_?|base64|str_rot13|gz|chr|strrev|hex2bin|getallheaders|end|current|next|array|_|\\x|dirname|__file__|pos|file_get|get_defined|curl|implode|unserialize|[0-9]{3,}\s*\)\s*;)",
        ),
        (
            10,
            r"\$_?(?:get|post|request|cookie|server|files|session|env|globals)\s*(?:\[|\{)|\$globals\b|\bglobals\[|_(?:get|post|request|cookie|server|session)\[|\$\{\s*_?(?:phpinfo|system|@|\$|eval)|http_raw_post_data|\$http_(?:get|post|cookie|server|env)_|\$_(?:get|post|request|cookie|server|files|session|env)\b",
        ),
        (
            10,
            r"\b(?:auto_prepend_file|auto_append_file|allow_url_(?:include|fopen)|disable_functions|open_basedir|safe_mode|suhosin\.|cgi\.force_redirect|cgi\.redirect_status_env|zend\.[a-z_]+|magic_quotes_gpc|register_globals)\s*(?:=|%3d)|(?:^|[?&\s])-d\s*[a-z_.]+\s*=|%ad[ds]",
        ),
        (
            10,
            r"\bpreg_replace\b.{0,40}/e\b|\(\s*['\x22](?:system|exec|passthru|assert|phpinfo|eval|shell_exec|[a-z]{1,4}['\x22]\s*\.\s*['\x22])[a-z'\x22.\s]*\)\s*\(|['\x22](?:sys['\x22.\s]*tem|php['\x22.\s]*info|as['\x22.\s]*sert)['\x22]\s*\(|\$\{@|\{\$\{|@(?:eval|system|assert|exec)\s*\(",
        ),
        (
            10,
            r"\$[a-z_]+\s*=\s*(?:['\x22$@]|base64|str_|\(|array|new |chr|create)[^;]{0,120};\s*(?:\$[a-z_]+\s*[(=.]|@?(?:eval|assert|system|include))|echo\s*(?:\(|['\x22]?\s*(?:md5|system|exec|shell|phpinfo|[0-9]+\s*[*+]))|\bprint\s*\(\s*(?:md5|[0-9]+\s*[*+]|system)",
        ),
    ])
});

/// Calls that no honest value begins with, and PHP functions whose names are no words.
static PHP_CALLS: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[
        (
            10,
            r"\b(?:gz(?:uncompress|inflate|decode)|str_rot13|assert_options|fputcsv|shell_exec|passthru|proc_open|pcntl_exec|call_user_func(?:_array)?|create_function|file_(?:put|get)_contents|move_uploaded_file|base64_decode|convert_uudecode|phpinfo|php_uname|get_defined_[a-z]+|highlight_file|show_source|readgzfile|parse_ini_file|bzopen|fsockopen|stream_[a-z]+_[a-z]+|register_[a-z]+_function|preg_replace_callback|array_(?:map|filter|walk|udiff|diff_ukey)|u[ak]?sort|ob_start|session_set_save_handler|spl_autoload_register|set_e[a-z]+_handler|unserialize|var_export|posix_[a-z]+|ini_(?:set|get|alter|restore)|get_current_user|getmy[a-z]+)\s*(?:/\*.*?\*/|#[^\n]*\n|//[^\n]*\n|\s)*\(",
        ),
        (
            10,
            r"^\W*(?:exec|system|eval|assert|popen|fopen|include|require|include_once|require_once|die|exit|print_r|var_dump)(?:\s|/\*.*?\*/|#[^\n]*\n|//[^\n]*\n)*[(].",
        ),
        // A function by the prefix that PHP gives all of a library, called with nothing or something.
        (
            10,
            r"(?:^|[^a-z0-9_.])(?:array|curl|ctype|exif|ftp|gmp|gz|iconv|imap|ldap|libxml|mb|mcrypt|mysqli?|oci|odbc|openssl|pcntl|pg|posix|preg|proc|session|shmop|simplexml|sodium|spl|sqlite|stream|sybase|tidy|xmlrpc|zend|zip|opcache|call_user|get_defined|utf8|zlib)_[a-z0-9_]+\s*\(|^\W{0,3}(?:func|socket|apache|iterator|is|in|str|strip|highlight|image|parse|set|date|debug|print)_[a-z0-9_]+\s*\(",
        ),
        (
            10,
            r"^\W{0,3}(?:intval|floatval|strlen|strrev|substr|unpack|pack|pfsockopen|gethostbyname|printf|sprintf|extract|compact|chop|glob)\s*\(",
        ),
        // A call of what a variable, an array's place or a string in brackets names.
        (
            10,
            r"^\W{0,2}\$\$?[a-z0-9_]+(?:\s|/\*[^*]{0,40}\*/|[#/]{1,2}[^\n]{0,40}\n)*(?:[\[{][@$'\x22a-z0-9_]{0,24}[\]}](?:\s|/\*[^*]{0,40}\*/|[#/]{1,2}[^\n]{0,40}\n)*){0,4}\([^)]{0,60}\)",
        ),
        (
            10,
            r"\(\s*(?:/\*[^*]{0,40}\*/|\+|\s)*(?:\[|['\x22])?\s*(?:string|system|exec|passthru|shell_exec|popen|phpinfo|assert|eval)[^()]{0,60}\)\s*[^()]{0,60}\(\s*['\x22]?[a-z]|^\W{0,2}['\x22](?:system|exec|passthru|shell_exec|assert|phpinfo)['\x22]\s*\(",
        ),
        (
            10,
            r"['\x22][a-z_]{1,8}['\x22]\s*\+?\.\s*\+?['\x22][a-z_]{1,8}['\x22][^(]{0,40}[\])]{0,3}\s*\(|[a-z0-9_]+::\$[a-z_]+\s*\(|@\s*\$[a-z0-9_]+\s*[(\[]|\$[a-z_]+->\$[a-z_]+\s*\(|\[[\s+]*system[\s+]*\]|\((?:['\x22]?[a-z]{1,8}['\x22]?\.|\()[^;]{0,60}\)\s*(?:/\*.{0,40}?\*/)?\s*\(\s*['\x22]|<\?$|['\x22]?sys['\x22]?[\s+.]*\.[\s+.]*['\x22]?t[^;]{0,20}em\b",
        ),
        (
            10,
            r"<\?\s+php\b|<\?xml\s*:|(?:^|[?&;\s])(?:extension_dir|memory_limit|sendmail_path|error_log|include_path|opcache\.[a-z_]+|session\.(?:auto_start|save_[a-z]+)|mail\.[a-z_]+|(?:mbstring|opcache|zend|xdebug|phar|soap|pcre|assert|user_ini|url_rewriter|unserialize)[._][a-z_]+)\s*=",
        ),
        (
            10,
            r"\$\s*\{\s*(?:'|\x22|\$)|\$\s{1,20}\{\s*[a-z_@$]|\$_\[|\$[a-z0-9_]{1,20}\s*=\s*@\s*\$|\$[a-z0-9_]+\{[0-9]+\}\s*\(",
        ),
    ])
});

static NODE: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[
        (
            10,
            r"require\s*(?:/\*.*?\*/)?\s*[(\[.]\s*['\x22`]?(?:child_process|fs|os|vm|process|cluster|\.\./|node:)",
        ),
        (
            10,
            r"\bprocess\s*(?:\.|\[['\x22`]|\?\.)\s*(?:mainmodule|env|exit|binding|kill|argv|cwd|version|platform|dlopen|pid|stdout|memoryusage)",
        ),
        (
            10,
            r"child_process|\bexecsync\b|\bspawnsync\b|\bexecfile(?:sync)?\b|_\$\$nd_func\$\$_|_\$\$js_func|mainmodule|constructor\._load|module\._load|\bfs\s*\.\s*(?:read|write|append|unlink|exists|stat|open|mkdir)[a-z]*(?:sync)?|global(?:this)?\s*(?:\.|\[['\x22`])\s*(?:process|require|child)|\bvm\.(?:run|script)",
        ),
        (
            10,
            r"__proto__|constructor\s*(?:\.|\]?\[|\])\s*['\x22]?\[?prototype|prototype\s*\]?\s*(?:\.|\[)\s*['\x22]?[a-z_]+['\x22]?\]?\s*(?:=|$)|__define[gs]etter__|__lookup[gs]etter__",
        ),
        (
            10,
            r"\.constructor\s*(?:\.|\()\s*(?:constructor|['\x22`]return|['\x22`]throw)|function\s*\(\s*['\x22`]return|this\.constructor\.constructor|reflect\.(?:construct|get|apply)|import\s*\(\s*['\x22`](?:child|fs|os|node)|while\s*\(\s*(?:true|1|!0)?\s*\)\s*[;{]",
        ),
        // Perl's interpolated block, a loop without an end, a function made of a string, a query path of Django's.
        (10, r"@\{\s*\[.{0,200}\]\s*\}"),
        (
            10,
            r"^\W{0,4}while\s*\([^)]{0,24}\)+\s*;?\s*(?:\{\s*\})?$|\bdo\s*\{[^}]{0,120}\}\s*while\s*\([^)]{0,60}(?:date|time|true|1)|\bnew\s+function\s*\(|\bmodule\s*\.\s*exports\s*=|\bprocess\s*\.\s*spawn\s*\(",
        ),
        (
            10,
            r"^[a-z0-9_\[\]. ]{0,12}console\s*(?:\.|\[\s*['\x22`])\s*(?:log|info|error|warn|debug|trace|table)\b|\breflect\s*\.\s*[a-z]+\s*\.\s*call\b",
        ),
        (10, r"^[a-z]+(?:__[a-z]+)*__(?:i?startswith|i?endswith|i?contains|i?regex|i?exact|isnull|gte|lte)$"),
        (
            10,
            r"\bres\.(?:end|send|write)\s*\(\s*(?:require|process|fs|['\x22])|\.tostring\s*\(\s*\)\s*\.(?:slice|split)|string\.raw|buffer\.from\s*\(",
        ),
    ])
});

static SSI: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[
        (
            10,
            r"<!--\s*#\s*(?:exec|include|echo|config|printenv|set|fsize|flastmod|elif|if|else|endif|odbc|email|goto)\b",
        ),
        (10, r"<esi:(?:include|inline|debug|vars|assign|eval|remove|comment|choose|try)|<!--\s*esi\b"),
    ])
});

pub(super) fn template(subject: &Subject<'_>) -> Option<Range<usize>> {
    TEMPLATE.find_in(subject)
}

pub(super) fn java(subject: &Subject<'_>) -> Option<Range<usize>> {
    JAVA.find_in(subject)
}

pub(super) fn php(subject: &Subject<'_>) -> Option<Range<usize>> {
    if !subject.is_document()
        && let Some(range) = PHP_CALLS.find(subject.lower)
    {
        return Some(range);
    }
    PHP.find_in(subject)
}

pub(super) fn node(subject: &Subject<'_>) -> Option<Range<usize>> {
    NODE.find_in(subject)
}

pub(super) fn server_include(subject: &Subject<'_>) -> Option<Range<usize>> {
    SSI.find_in(subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expression_compiles() {
        for patterns in [&TEMPLATE, &JAVA, &PHP, &PHP_CALLS, &NODE, &SSI] {
            LazyLock::force(patterns);
        }
    }
}
