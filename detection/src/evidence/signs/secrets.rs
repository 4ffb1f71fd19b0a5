use crate::evidence::sign::{Sign, sign};

pub(super) const SECRETS: &[Sign] = &[
    sign(
        &[
            "app_key",
            "app_env",
            "app_name",
            "app_debug",
            "app_secret",
            "db_",
            "database_url",
            "secret_key",
            "jwt_secret",
            "mail_password",
            "redis_password",
            "aws_",
            "stripe_",
            "api_key",
        ],
        r"(?m)^(?:export )?(?:APP_KEY|APP_ENV|APP_NAME|APP_DEBUG|APP_SECRET|DB_PASSWORD|DB_USERNAME|DB_HOST|DB_CONNECTION|DATABASE_URL|SECRET_KEY(?:_BASE)?|JWT_SECRET|MAIL_PASSWORD|REDIS_PASSWORD|AWS_SECRET_ACCESS_KEY|AWS_ACCESS_KEY_ID|STRIPE_[A-Z_]+|API_KEY)\s*=",
    ),
    sign(
        &["aws_access_key_id", "aws_secret_access_key"],
        r"(?i)aws_(?:access_key_id|secret_access_key)[\x22']?\s*[=:]",
    ),
    sign(
        &["[core]", "ref: refs/", "[remote ", "[branch "],
        r"\[core\]\s|ref: refs/heads/|(?m)^\[(?:remote|branch) \x22[\w/.-]+\x22\]",
    ),
    sign(&["private key"], r"-----BEGIN (?:RSA |DSA |EC |OPENSSH |ENCRYPTED )?PRIVATE KEY"),
    sign(&["akia", "asia"], r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    sign(
        &["phpinfo()", "php version", "php extension", "php credits"],
        r"<title>phpinfo\(\)</title>|<h1 class=\x22p\x22>PHP Version|PHP Extension Build|PHP Credits|(?s)PHP Extension.{1,400}PHP Version",
    ),
    sign(
        &["db_password", "db_name", "db_user", "db_host"],
        r"(?s)define\s*\(\s*['\x22]DB_(?:PASSWORD|NAME|USER|HOST)['\x22]|DB_(?:NAME|USER|PASSWORD|HOST)\b.{1,300}?DB_(?:NAME|USER|PASSWORD|HOST)\b",
    ),
    sign(
        &[" dump", "insert into", "create table", "drop table if"],
        r"(?i)-- (?:MySQL|MariaDB|PostgreSQL database) dump|INSERT INTO [`\x22]?[a-z_]+[`\x22]? (?:\([^)]*\) )?VALUES|CREATE TABLE (?:IF NOT EXISTS )?[`\x22][a-z_]+[`\x22] \(|DROP TABLE IF EXISTS",
    ),
    sign(
        &["activeprofiles", "propertysources", "actuator"],
        r"\x22(?:activeProfiles|propertySources)\x22\s*:|\x22_links\x22\s*:\s*\{\s*\x22self\x22[^}]{0,160}actuator",
    ),
    sign(&[":$apr1$", ":$2y$", ":{sha}"], r"(?m)^[a-z0-9_.-]{1,32}:(?:\$apr1\$|\$2y\$|\{SHA\})[^\s]{10,}"),
    sign(
        &["<connectionstrings", "connectionstring="],
        r"(?i)<connectionStrings>|<add (?:name|key)=\x22[^\x22]+\x22 (?:connectionString|value)=",
    ),
    sign(
        &["private_key", "client_secret", "aws_secret_access_key", "db_password", "clientsecret"],
        r"(?i)\x22(?:private_key|client_?secret|aws_secret_access_key|db_password)\x22\s*:\s*\x22[^\x22]",
    ),
    sign(
        &["password", "passwd", "db_pass", "secret", "jdbc", "encrypted="],
        r"(?mi)^[ \t]*['\x22]?[\w.-]{0,60}(?:password|passwd|db_pass|secret(?:_?key)?|jdbc\.url|encrypted)['\x22]?[ \t]*=[^\n]{0,200}$",
    ),
    sign(
        &["password:", "passwd:", "secret:", "secret_key:"],
        r"(?mi)^[ \t]*[\w.-]{0,60}(?:password|passwd|secret|secret_key):[ \t]*[^\s<{][^\n]{3,}",
    ),
    sign(&["jdbc:"], r"\bjdbc:(?:mysql|postgresql|oracle|sqlserver|mariadb|db2|h2|sqlite):"),
    sign(
        &["password", "passwd", "pwd>"],
        r"(?i)</?[a-z][\w:.-]{0,40}(?:password|passwd|pwd)>|<(?:password|passwd)>|</(?:password|passwd)>",
    ),
    sign(
        &["accesskey", "access_key", "access-key"],
        r"(?is)access[_-]?key.{0,300}?secret[_-]?(?:access[_-]?)?key|secret[_-]?key.{0,300}?access[_-]?key",
    ),
    sign(&["<sessionid"], r"(?is)<us(?:e)?r_?(?:id|name)>.{0,200}?<session_?id>"),
    sign(
        &["\"auth\"", "\"auths\"", "_authtoken", "machine "],
        r"\x22auths\x22\s*:|\x22auth\x22\s*:\s*\x22[A-Za-z0-9+/=]{8,}\x22|_authToken=|(?m)^machine \S+ login \S+",
    ),
    sign(&["://"], r"(?m)^https?://[^:@/\s]{1,100}:[^@/\s]{1,100}@[\w.-]+"),
    sign(&["ssh-rsa ", "ssh-ed25519 "], r"(?m)^(?:\S+ )?ssh-(?:rsa|ed25519) AAAA[0-9A-Za-z+/]{20,}"),
    sign(&["active connections:"], r"(?i)Active connections: [0-9]+\s+server accepts"),
];

pub(super) const SESSIONS: &[Sign] = &[sign(
    &["token", "jwt", "session"],
    r"(?i)\x22(?:access_?token|token|jwt|id_?token|auth_?token|session(?:_?id|_?token)?)\x22\s*:\s*\x22[^\x22]{16,}",
)];
