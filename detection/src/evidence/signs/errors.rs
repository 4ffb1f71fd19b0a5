use crate::evidence::sign::{Sign, sign};

pub(super) const TRACES: &[Sign] = &[
    sign(&["traceback (most"], r"Traceback \(most recent call last\):"),
    sign(
        &[".java:", ".kt:", ".scala:", ".groovy:", "unknown source)", "native method)"],
        r"(?m)^\s*at [a-zA-Z_$][\w$.]*\.[\w$<>]+\((?:[A-Za-z_$][\w$]*\.(?:java|kt|scala|groovy):[0-9]+|Unknown Source|Native Method)\)",
    ),
    sign(
        &["    at ", "\tat "],
        r"(?m)^\s+at [^\n]{1,160}\((?:/|[A-Z]:\\|node:|file:)[^\n)]{1,200}:[0-9]+:[0-9]+\)",
    ),
    sign(
        &[" on line"],
        r"(?i)(?:fatal error|warning|parse error|notice)(?:</b>)?:[^\n]{1,300} in (?:<b>)?(?:/|[a-z]:\\)[^\n]{1,200}\.php(?:</b>)? on line",
    ),
    sign(&[":line "], r"(?m)^\s+at [\w.<>`]+\([^)]*\) in [A-Za-z]:\\[^\n]{1,200}:line [0-9]+"),
    sign(&["goroutine "], r"(?m)^goroutine [0-9]+ \[[a-z ]+\]:"),
    sign(&[".rb:"], r"(?m)^\S+\.rb:[0-9]+:in [`'][^'\n]+'"),
    sign(
        &["exception", "server error in '"],
        r"\[(?:HttpException|NullReferenceException|SqlException|InvalidOperationException)[^\]]*\]:?|Server Error in '/[^']*' Application",
    ),
    sign(
        &["stack trace:", "stacktrace"],
        r"(?m)^(?:stack trace:|stacktrace)\s*$|^#0 /[^\n]{1,200}\([0-9]+\): ",
    ),
];

pub(super) const VERBOSE: &[Sign] = &[
    // class names of .NET's request pipeline
    sign(
        &[
            "httpcompile",
            "httpparse",
            "httpunhandled",
            "httprequestw",
            "httpserveru",
            "httpsessions",
            "httpstatic",
        ],
        r"\bHttp(?:(?:Compile|Parse|Unhandled)Exception|(?:Request|ServerUtility|SessionState|StaticObjectsCollection)Wrapper)\b",
    ),
    sign(
        &["exception", "error"],
        r"\b(?:java|javax|jakarta|org|com|net|io|System|Microsoft)\.(?:[A-Za-z_$][\w$]*\.){1,10}[A-Z]\w*(?:Exception|Error)\b",
    ),
    sign(
        &["error"],
        r"\b[A-Z]\w+::\w*Error\b|\b(?:NameError|NoMethodError|ArgumentError|LoadError) \(|undefined (?:local variable or )?method [`']",
    ),
    sign(
        &["fatal error", "parse error"],
        r"(?i)\b(?:fatal|parse) error(?:</b>)?:\s+(?:uncaught|call to|class ['\x22]|cannot |unexpected|syntax error|require|allowed memory|maximum )",
    ),
    sign(&[" on line"], r"\.php(?:</b>)? on line (?:<b>)?[0-9]+"),
    sign(&["inetpub"], r"(?i)(?:\b[a-z]:)?[\\/]inetpub\b"),
    sign(&["global.asa", "server error:"], r"(?i)requests for GLOBAL\.ASA|<title>[0-9.]{3,8} - Server error"),
    sign(
        &["werkzeug", "whoops!", "django_settings", "debug = true", "symfony profiler"],
        r"(?i)<title>[^<]{0,200}// Werkzeug Debugger|<title>Whoops! There was an error|DJANGO_SETTINGS_MODULE|<code>DEBUG = True</code>",
    ),
];
