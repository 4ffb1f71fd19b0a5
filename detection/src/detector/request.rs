//! What only the request as a whole shows: probes for files and consoles, smuggled framing, executable uploads,
//! fixed session identifiers.

use std::{ops::Range, sync::LazyLock};

use portcullis_exchange::{Exchange, Fact, Request};

use super::{Subject, patterns::Patterns};
use crate::view::Place;

pub(super) const SENSITIVE_GATES: &[&str] = &["/"];
pub(super) const UPLOAD_GATES: &[&str] = &[".", "<?", "<%", "\0"];
pub(super) const SESSION_GATES: &[&str] = &[
    "sess",
    "sid",
    "jsession",
    "phpsess",
    "aspsess",
    "cfid",
    "set-cookie",
    "cftoken",
    "connect.",
    "sails",
    "koa",
    "cakephp",
    "zend",
    "auth",
    "shiny",
    "token",
    "cfsid",
    "document.cookie",
    "cookie",
];

static SENSITIVE: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[
        (
            10,
            r"/\.(?:env|git|svn|hg|bzr|cvs|aws|ssh|docker|kube|vscode|idea|ds_store|htaccess|htpasswd|npmrc|pypirc|netrc|bash|zsh|profile|history|mysql|psql|config/|chef|terraform|travis|circleci|gitlab|github|dockerenv|dockercfg|s3cfg|boto|rediscli|esmtprc|msmtprc|ftpconfig|remote-sync|sftp|vscode|wp-config|settings|project|classpath|azure|passwd|secret|credentials|pgpass|viminfo|nano|lesshst|php|db|ht)",
        ),
        (
            10,
            r"/(?:wp-(?:login|config|admin/(?:install|setup|admin-ajax\.php\?)|cron|trackback|links)|xmlrpc|phpinfo|info|test|adminer|shell|c99|r57|cmd|config|configuration|settings|database|db|install|setup|php|pma|server|webshell|upload|up|eval-stdin|i|_profiler/phpinfo|pinfo|php-info|phpversion|1|x|alfa|wso|b374k|mini|simple)\.php[0-9]?(?:$|[.~?_-])",
        ),
        (
            10,
            r"/(?:phpmyadmin|pma|myadmin|mysqladmin|dbadmin|phppgadmin|adminer|sqlmanager|websql|webdb|sqlweb|php-my-admin|phpmy|mysql-admin)[a-z0-9._-]*(?:/|$)",
        ),
        (
            10,
            r"/(?:actuator|manage|management)/(?:env|heapdump|threaddump|trace|httptrace|beans|configprops|mappings|dump|jolokia|logfile|gateway|loggers|refresh|restart|shutdown|sessions|auditevents|conditions|caches|scheduledtasks|hawtio|features)|/actuator/?$|/(?:jolokia|heapdump|hawtio|druid)(?:/|$|\.)",
        ),
        (
            10,
            r"/(?:server-status|server-info|nginx_status|stub_status|fpm-status|php-fpm|elmah\.axd|trace\.axd|web\.config|crossdomain\.xml|clientaccesspolicy\.xml|\.well-known/.*\.env|jmx-console|web-console|invoker/(?:jmx|ejb|read)|admin-console|manager/(?:html|text|status|jmx)|host-manager|axis2|solr/admin|console/(?:login|portal|j_)|_ignition|telescope|horizon/api|_debugbar|_profiler|__debug__|rails/info|debug/(?:pprof|default|vars)|cgi-bin/|fcgi-bin|scripts/(?:root|setup)|hnap1|boaform|goform|gponform|setup\.cgi|owa/|autodiscover|ecp/|remote/(?:login|fgt_lang)|vpn/\.\.|dana-na|\+cscoe\+|sdk/|wsman|struts/|weblogic|bea_wls|_async/|wls-wsat|uddiexplorer|orangehrm|jenkins/script|script(?:text)?$|nagios|zabbix|cacti|portainer|v1\.[0-9]+/(?:containers|images|info)|containers/json|api/v1/(?:pods|secrets|namespaces/)|_all_dbs|_utils)",
        ),
        (
            10,
            r"/[^/?]*\.(?:bak|backup|old|orig|swp|swo|save|sav|bkp|copy|tmp|temp|dist|sample|bck|~1~|inc|sql|sqlite3?|db|mdb|rdb|dump|tar|tgz|7z|rar|pem|key|p12|pfx|jks|keystore|kdbx|ppk|ovpn|htpasswd|log|cfg|conf|ini|env|properties|tfstate|tfvars|yml\.bak|passwd|rdp|cer)(?:\.(?:gz|zip|bz2|xz|1|old|bak))?$|~(?:$|/)|\.php(?:~|\.bak|\.old|\.swp|\.save|\.orig|\.txt|_bak|s)$|/(?:backup|backups|dump|db|database|www|wwwroot|site|website|public_html|htdocs|html|web|old|bak|src|source|archive|sql|data)s?\.(?:zip|tar|tar\.gz|tgz|rar|7z|sql|gz|bz2)$|%23[^/]+%23$|/copy%20of",
        ),
        (
            10,
            r"/(?:config|application|appsettings|secrets?|credentials|parameters|database|settings|docker-compose|composer|package|package-lock|yarn|gemfile|pipfile|requirements|procfile|vagrantfile|gruntfile|dockerfile|makefile|jenkinsfile|id_[rd]sa|authorized_keys|known_hosts|shadow|passwd|wp-config|localsettings|local_settings|sftp-config|web|deployment-config|firebase|serviceaccount(?:key)?|google-services|terraform|ansible|swagger|openapi|aws|connections|global)(?:[._-][a-z]+)?\.(?:yml|yaml|properties|xml|ini|inc|lock|tfstate|txt|conf|cfg|php|rb|toml|env|asa|pem|key|config)$|/(?:gemfile|procfile|vagrantfile|dockerfile|makefile|jenkinsfile|id_[rd]sa|authorized_keys|known_hosts)$|/web-inf/|/meta-inf/|/(?:appsettings|secrets?|credentials|composer|package-lock|sftp-config|firebase|serviceaccount(?:key)?)\.json$",
        ),
    ])
});

pub(super) fn sensitive_path(subject: &Subject<'_>) -> Option<Range<usize>> {
    if subject.field.place == Place::Path {
        hidden(subject.lower)
            .or_else(|| super::probe::find(subject.lower))
            .or_else(|| SENSITIVE.find(subject.lower))
    } else {
        None
    }
}

/// A path below a hidden directory or of a hidden file; `/.well-known/` (RFC 8615) is the one that is meant to be seen.
fn hidden(path: &[u8]) -> Option<Range<usize>> {
    let mut start = 0;
    for segment in path.split(|byte| *byte == b'/') {
        let named = matches!(segment, [b'.', first, ..] if first.is_ascii_alphabetic());
        if named && segment != b".well-known" {
            return Some(start..start + segment.len());
        }
        start += segment.len() + 1;
    }
    None
}

static EXECUTABLE: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[
        (
            10,
            r"\.\s*(?:php[0-9]?|phtml|phar|pht|phps|shtml|inc|jspx?|jspf|jsw|jsv|war|aspx?|asa|ashx|asmx|cer|cshtml|vbhtml|cgi|pl|exe|dll|bat|cmd|com|scr|msi|vbs|hta|sh|htaccess|htpasswd|config|ini|user\.ini|py|cfm|svg|xht|swf)(?:$|[\x00;:.%/\s]|\.(?:jpe?g|png|gif|txt|pdf|zip)$)",
        ),
        (10, r"^\.(?:htaccess|user\.ini|env)|\.\.[/\\]|\x00|\.(?:jpe?g|png|gif|pdf)\.[a-z]{2,5}$"),
    ])
});

pub(super) fn upload(subject: &Subject<'_>) -> Option<Range<usize>> {
    let named = subject.field.place == Place::FileName
        || subject.field.place == Place::Header
            && subject.name_is(&[
                "x-filename",
                "x_filename",
                "x-file-name",
                "x.filename",
                "content-disposition",
                "x-file_name",
            ]);
    if !named {
        return None;
    }
    let found = EXECUTABLE.find(subject.lower)?;
    // Some clients send the picture's whole relative path.
    let picture = [".png", ".jpg", ".jpeg", ".gif", ".pdf", ".svg", ".csv", ".txt"]
        .iter()
        .any(|extension| subject.lower.ends_with(extension.as_bytes()));
    let climbs = subject.lower.get(found.clone()).is_some_and(|text| text.starts_with(b".."));
    (!(picture && climbs)).then_some(found)
}

static FIXATION: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[
        (10, r"\.cookie\b\s*=|http-equiv\W+set-cookie|<[^>]*set-cookie"),
        (10, r"[\s;=?&]\W*(?:jsessionid|phpsessid|aspsessionid[a-z]*|asp\.net_sessionid)\s*=\s*[a-z0-9]+"),
    ])
});

/// Names by which frameworks take a session identifier.
const SESSION_NAMES: &[&str] = &[
    "jsessionid",
    "aspsessionid",
    "asp.net_sessionid",
    "phpsession",
    "phpsessid",
    "weblogicsession",
    "session_id",
    "session-id",
    "cfid",
    "cftoken",
    "cfsid",
    "jservsession",
    "jwsession",
    "sessid",
    "phpsessionid",
    "connect.sid",
    "sails.sid",
    "express.sid",
    "koa.sess",
    "koa:sess",
    "koa.sid",
    "cakephp",
    "ci_session",
    "laravel_session",
    "laravel_token",
    "symfony",
    "zend_session_id",
    "zendsession",
    "next-auth.session-token",
    "authjs.session-token",
    "shiny-token",
    "play_session",
    "rack.session",
    "beegosessionid",
    "django_session",
    "sessionid",
];

pub(super) fn session_fixation(subject: &Subject<'_>) -> Option<Range<usize>> {
    let place = subject.field.place;
    if !matches!(place, Place::Query | Place::Form | Place::Path | Place::Json | Place::Multipart) {
        return None;
    }
    if subject.field.is_name && matches!(place, Place::Query | Place::Form) {
        let plain =
            subject.lower.strip_prefix(b"__host-").or_else(|| subject.lower.strip_prefix(b"__secure-"));
        let plain = plain.unwrap_or(subject.lower);
        // `_myapp_session` and `_session_id` are the names that Rails and Flask give.
        let framework =
            plain.starts_with(b"_") && (plain.ends_with(b"_session") || plain.ends_with(b"session_id"));
        let known =
            SESSION_NAMES.iter().any(|name| name.as_bytes() == plain) || plain.starts_with(b"aspsessionid");
        return (known || framework).then_some(0..subject.lower.len());
    }
    if subject.field.is_name {
        let unmistakable = ["jsessionid", "phpsessid", "asp.net_sessionid", "connect.sid", "laravel_session"];
        return subject.name_is(&unmistakable).then_some(0..subject.lower.len());
    }
    FIXATION.find(subject.lower)
}

/// Framing that two servers may read differently (RFC 9112 section 11.2). Gives what was seen.
pub(crate) fn smuggling(exchange: &Exchange, request: &Request) -> Option<String> {
    const TELLING: [Fact; 5] = [
        Fact::ContentLengthWithTransferEncoding,
        Fact::ConflictingContentLength,
        Fact::ObfuscatedTransferEncoding,
        Fact::SpaceBeforeColon,
        Fact::InvalidChunkSize,
    ];
    if let Some(fact) = TELLING.into_iter().find(|fact| exchange.facts.contains(*fact)) {
        return Some(fact.name().to_owned());
    }
    let mut coding = Vec::new();
    let mut lengths: Vec<&[u8]> = Vec::new();
    for (name, value) in request.headers.iter() {
        let plain: Vec<u8> = name
            .iter()
            .filter(|byte| byte.is_ascii_alphanumeric() || **byte == b'-')
            .map(u8::to_ascii_lowercase)
            .collect();
        let exact = name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
        match plain.as_slice() {
            b"transfer-encoding" | b"content-length" if !exact => {
                return Some("obfuscated header name".to_owned());
            }
            b"transfer-encoding" => coding.push(value),
            b"content-length" => lengths.push(value.trim_ascii()),
            b"transferencoding" | b"contentlength" => return Some("obfuscated header name".to_owned()),
            _ => {}
        }
        if value.iter().any(|byte| matches!(byte, b'\n' | b'\r' | 0)) {
            return Some("line end inside a header".to_owned());
        }
    }
    let chunked = |value: &[u8]| value.eq_ignore_ascii_case(b"chunked");
    if !coding.is_empty() && !lengths.is_empty() {
        return Some(Fact::ContentLengthWithTransferEncoding.name().to_owned());
    }
    if coding.len() > 1
        || coding.iter().any(|value| {
            memchr::memmem::find(&value.to_ascii_lowercase(), b"chunked").is_some()
                && !value.rsplit(|b| *b == b',').next().is_some_and(|last| chunked(last.trim_ascii()))
                || value.contains(&0x0b)
        })
    {
        return Some(Fact::ObfuscatedTransferEncoding.name().to_owned());
    }
    let odd = lengths.iter().any(|value| value.is_empty() || !value.iter().all(u8::is_ascii_digit));
    let differing = lengths.windows(2).any(|pair| pair.first() != pair.last());
    (odd || differing).then(|| Fact::ConflictingContentLength.name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expression_compiles() {
        for patterns in [&SENSITIVE, &EXECUTABLE, &FIXATION] {
            LazyLock::force(patterns);
        }
    }
}
