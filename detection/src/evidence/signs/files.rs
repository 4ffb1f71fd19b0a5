use crate::evidence::sign::{Sign, sign};

pub(super) const ACCOUNTS: &[Sign] = &[
    sign(
        &["root:", "daemon:", "bin:", "nobody:", "www-data:", "mysql:"],
        r"(?:^|[^a-z])(?:root|daemon|bin|nobody|www-data|mysql):[^:\s]{0,64}:[0-9]{1,6}:[0-9]{1,6}:[^:\n]{0,80}:/",
    ),
    sign(&["root:"], r"root:(?:\$[0-9a-z]+\$[^:\s]*|[!*x]?):[0-9]{4,6}:[0-9]*:[0-9]*:[0-9]*"),
    sign(&["root:"], r"(?:^|[^a-z])root:[^:\s]{0,64}:0:0?"),
    sign(&["cm9vddp"], r"cm9vdDp4OjA6M[A-Za-z0-9+/=]{8,}"),
];

pub(super) const FILES: &[Sign] = &[
    // win.ini, boot.ini, system.ini
    sign(
        &["[fonts]", "[extensions]", "[mci extensions]", "[files]"],
        r"(?i)\[(?:fonts|extensions|mci extensions|files)\]\s*(?:\r?\n|;|\[|[a-z]+=|\z|<)",
    ),
    sign(&["bit app support"], r"(?i)\bbit app support"),
    sign(&["[boot loader]", "[operating systems]"], r"(?i)\[boot loader\]|\[operating systems\]\s*multi\("),
    sign(&["[drivers]", "[386enh]"], r"(?i)\[drivers\]\s*wave=|\[386enh\]"),
    // hosts(5), os-release(5), crontab(5), sudoers(5), my.cnf, php.ini
    sign(&["localhost"], r"127\.0\.0\.1[ \t]+localhost"),
    sign(&["pretty_name="], r"(?m)^PRETTY_NAME="),
    sign(&["run-parts", "all=(all"], r"run-parts --report|ALL=\(ALL(?::ALL)?\)"),
    sign(&["[mysqld]", "[client]", "[php]"], r"(?mi)^\[(?:mysqld|client|PHP)\]\s*$"),
    // environ of proc(5)
    sign(
        &["path=", "home=", "pwd=", "hostname=", "user=", "document_root=", "server_", "http_"],
        r"(?:^|[\x00\n])(?:PATH|HOME|USER|HOSTNAME|PWD|SHELL|LANG|DOCUMENT_ROOT|HTTP_[A-Z_]{2,30}|SERVER_[A-Z]{2,20})=[^\n\x00]{0,400}[\x00\n][A-Z_]{2,30}=",
    ),
    sign(&["linux version "], r"Linux version [0-9]+\.[0-9]+"),
    // descriptors of Java and .NET applications
    sign(
        &[
            "<web-app",
            "web-app",
            "<servlet",
            "<param-name>",
            "<url-pattern>",
            "<welcome-file",
            "<context-param>",
            "<filter-class>",
        ],
        r"(?i)<web-app\b|<!DOCTYPE web-app|<servlet(?:-(?:class|name|mapping))?>|<param-name>|<url-pattern>|<welcome-file|<context-param>|<filter-class>",
    ),
    sign(
        &["<configuration", "<system.web", "<appsettings", "<connectionstrings", "<configsections"],
        r"(?i)<(?:system\.web(?:server)?|appSettings|connectionStrings|configSections)\b",
    ),
    sign(&["manifest-version:"], r"(?m)^Manifest-Version: [0-9]"),
    // settings from the first line on: `name=value`, or a section and then such lines
    sign(
        &[],
        r"\A(?:[#;!][^\n]*\n|\s*\n)*(?:\[[\w .:-]{1,60}\]\s*\n)?(?:['\x22]?[A-Za-z][\w.-]{1,60}['\x22]?[ \t]?=[^\n<>{}&]{0,200}\r?\n){2}['\x22]?[A-Za-z][\w.-]{1,60}['\x22]?[ \t]?=",
    ),
    // files by their first bytes: SQLite, Java heap dump, .DS_Store
    sign(&["sqlite format 3"], r"SQLite format 3"),
    sign(&["java profile"], r"JAVA PROFILE 1\.0\.[0-9]"),
    sign(&["bud1"], r"\x00\x00\x00\x01Bud1"),
    // logs of applications and servers
    sign(
        &[".error:", ".info:", ".debug:", ".critical:", ".warning:"],
        r"(?m)^\[20[0-9]{2}-[0-9]{2}-[0-9]{2}[ T][0-9:.+-]{5,20}\] \w{1,30}\.(?:ERROR|INFO|DEBUG|CRITICAL|WARNING):",
    ),
    sign(&["vendor/laravel", "vendor\\laravel"], r"(?i)vendor[\\/]{1,2}laravel[\\/]{1,2}framework"),
    sign(&[" http/1."], r#""(?:GET|POST|HEAD) [^"\n]{1,400} HTTP/1\.[01]" [1-5][0-9]{2} (?:[0-9]+|-)"#),
];
