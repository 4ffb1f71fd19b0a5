use crate::evidence::sign::{Sign, sign};

/// Pages and documents that consoles and management interfaces give to whoever may use them.
pub(super) const CONSOLES: &[Sign] = &[
    sign(
        &["<title>", "<h1>apache server"],
        r"(?i)<title>[^<]{0,60}\b(?:phpMyAdmin|Apache Status|Server Information|Adminer|Solr Admin|Spark (?:Master|Worker|Jobs)|Hadoop|RabbitMQ Management|Prometheus|Traefik|Eureka|H2 Console|Hystrix|Druid (?:Stat|Console)[^<]{0,20}|Jupyter|Consul by|Swagger UI|GraphiQL|phpinfo|Dashboard|Script Console)\b[^<]{0,40}</title>|<h1>Apache Server (?:Status|Information)",
    ),
    sign(
        &["kubeletversion", "containerruntimeversion", "podcidr"],
        r"\x22(?:kubeletVersion|containerRuntimeVersion|podCIDR)\x22",
    ),
    sign(
        &["cluster_name", "lucene_version"],
        r"\x22cluster_name\x22\s*:[^}]{0,300}\x22(?:cluster_uuid|status|version|number_of_nodes)\x22|\x22lucene_version\x22",
    ),
    sign(&["# help "], r"(?m)^# HELP \w+ [^\n]{0,200}\n# TYPE "),
    sign(&["\"anonymous\""], r"(?i)\x22identity\x22\s*:\s*\x22anonymous\x22|\x22anonymous\x22\s*:\s*true"),
    sign(&["full goroutine", "/debug/pprof"], r"full goroutine stack dump|/debug/pprof/"),
    sign(&["active connections:"], r"(?i)Active connections: [0-9]+\s+server accepts"),
    sign(&["registry/2.0"], r"\bregistry/2\.0\b"),
    sign(
        &[".url", ".username", ".host", ".jdbc", ".metadata"],
        r"(?m)^[a-z][\w-]*(?:\.[a-z][\w-]*){2,}(?:\s*[=:]|\s*$)",
    ),
    sign(&["health check", "green open", "yellow open"], r"(?m)^(?:green|yellow|red) +open "),
];

pub(super) const LISTINGS: &[Sign] = &[
    sign(
        &["index of /", "directory listing for", "directory: /", "listing directory"],
        r"(?i)<(?:title|h1|h2)>\s*(?:index of /|directory listing for /|directory: /|listing directory /)",
    ),
    sign(&["to parent directory]"], r"(?i)\[to parent directory\]"),
    sign(&["parent directory</a>"], r"(?i)<a href=\x22[^\x22]{1,200}\x22>\s*parent directory</a>"),
];

/// Pages of tools that intruders leave behind.
pub(super) const WEB_SHELLS: &[Sign] = &[
    sign(
        &["shell", "wso", "b374k", "aspydrv", "rhtools"],
        r"(?i)<(?:title|h1)>[^<]{0,80}(?:web ?shell|\b[a-z]{2,8} shell v[0-9]|\br57\b|\bc99\b|\bwso [0-9]|b374k|shell v(?:ersion)?\b|\bwin[a-z]? shell|[a-z]+shell [0-9v]|postwebshell|mini shell|\balfa shell|aspydrv|\brhtools\b)",
    ),
    sign(
        &["safe_mode", "disable_functions", "safe mode"],
        r"(?is)safe[ _]mode\b.{0,400}(?:disable_?functions?|uname -a|execute command)",
    ),
];
