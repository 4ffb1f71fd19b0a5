//! Paths that only those ask for who look for what a host runs: consoles and interfaces of widespread products, and pages
//! that tell or change how a server is set up.

use std::{collections::HashSet, ops::Range, sync::LazyLock};

/// Segments that name a product whose consoles are probed; no API has them as words of its own.
static PRODUCTS: LazyLock<HashSet<&'static [u8], ahash::RandomState>> = LazyLock::new(|| {
    let names = [
        // Routers, cameras, storage and other devices.
        "hnap1 goform boaform gponform setup.cgi userrpm webcm webfig winbox luci web_shell_cmd.gch getcfg.php \
         currentsetting.htm currentsetting.php isapi onvif psia rpc2 rpc2_login rpc2_loadfile tmunblock.cgi \
         apply_sec.cgi diagnostic.php getdeviceinfo device.rsp login.rsp hmcconfig.json \
         current_config sysinit.cgi cfg_backup.cgi downloadcfg.lua portal_inc.lua excu_shell \
         romfile.cfg rom-0 nas_sharing.cgi file_transfer.cgi tmui dana-na dana-cached global-protect sslvpn sslmgr \
         +cscoe+ +cscot+ fgt_lang vpnsvc webvpn mifs adminportal unified-console.html",
        // Application servers and frameworks.
        "jmx-console web-console admin-console invoker jbossws axis2 axis2-admin axis2-web struts2-showcase host-manager \
         wls-wsat _async bea_wls_internal bea_wls_deployment_internal uddiexplorer consolehelp h2-console h2console \
         hawtio jolokia cfide railo-context lucee cfusion _ignition telescope _debugbar __clockwork laravel-filemanager \
         elmah.axd trace.axd telerik.web.ui.webresource.axd fckeditor ckfinder kcfinder \
         elfinder kindeditor ueditor phpunit eval-stdin.php phpmyadmin adminer.php phppgadmin webtools ofbiz",
        // Clusters, queues, stores and monitoring.
        "nacos apisix apisix-dashboard kylin nifi-api dolphinscheduler xxl-job-admin dfshealth.html dfshealth.jsp \
         dfsnodelist.jsp jobtracker.jsp tasktracker.jsp haproxy-status haproxy_stats openvpn-monitor nagiosxi cacti zabbix \
         librenms observium icingaweb2 centreon opennms openwebmail _all_dbs _utils hystrix.stream \
         hystrix-dashboard notifycommit securityrealm asynchpeople phpldapadmin kubelet kube-system \
         minio portainer vsphere-client websso vcac analytics_vcac vropspluginui",
        // Office, resource planning and content systems.
        "seeyon yyoa mobilemode zentao zentaopms jeecg-boot jeecgboot jsherp-boot ruoyi jeesite smartbi \
         geoserver geonetwork webreport decisionsys landray ezoffice jsoa c6 tongda ispirit \
         ncfindweb nccloud uapws umbraco umbraco_client episerver \
         typo3 typo3conf bitrix magmi roundcube squirrelmail horde zimbraadmin \
         owa ecp autodiscover names.nsf catalog.nsf domcfg.nsf webadmin.nsf oa_html viewhistory.asp \
         aspcms phpcms dedecms discuz_uc ucenter eyoucms thinkcmf metinfo kingdee yonyou artemis-portal maportal dview8 \
         mailsms xmldata rediscli postfixadmin ispconfig plesk cpanel whm-server-status",
    ];
    names.iter().flat_map(|names| names.split_ascii_whitespace()).map(str::as_bytes).collect()
});

/// Runs of segments that mean an interface of management.
const INTERFACES: [&str; 26] = [
    "/admin/cores",
    "/ws/v1/cluster",
    "/v1/agent/self",
    "/v1/catalog/services",
    "/v2/_catalog",
    "/v2/keys/",
    "/apisix/admin",
    "/web/database/manager",
    "/app/kibana",
    "/nacos/v1/",
    "/wp-json/wp/v2/users",
    "/console/css/",
    "/em/console",
    "/ibm/console",
    "/irj/portal",
    "/ctc/servlet",
    "/secure/contactadministrators",
    "/plugins/servlet/oauth/users",
    "/services/user/values.xml",
    "/setup/setupadministrator",
    "/rest/tinymce/",
    "/mgmt/tm/",
    "/metadata/v1",
    "/_api/web/siteusers",
    "/auth/realms/master/clients-registrations",
    "/system/deviceinfo",
];

/// Words that name settings, accounts or commands; a page of an old kind of server with one of them is no API.
const TELLING: [&str; 25] = [
    "config",
    "setup",
    "install",
    "passw",
    "secret",
    "backup",
    "dump",
    "diag",
    "sysinfo",
    "getuser",
    "userinfo",
    "userlist",
    "getsession",
    "shell",
    "cmd",
    "debug",
    "admin_list",
    "adduser",
    "usermanage",
    "webuser",
    "status.jsp",
    "userxml",
    "usersxml",
    "admin_log",
    "dkey",
];
const PAGES: [&str; 22] = [
    ".php", ".php3", ".php5", ".phtml", ".asp", ".aspx", ".asmx", ".ashx", ".jsp", ".jspx", ".jspa", ".cgi",
    ".pl", ".cfm", ".action", ".do", ".htm", ".html", ".lua", ".cache", ".gch", ".data",
];

/// Where in a path, in lower case, the probe stands.
pub(super) fn find(path: &[u8]) -> Option<Range<usize>> {
    let mut start = 0;
    for segment in path.split(|byte| *byte == b'/') {
        let end = start + segment.len();
        let name = segment.split(|byte| *byte == b';').next().unwrap_or_default();
        // Filters let pictures pass; some servers cut what is behind the semicolon.
        let cut = segment.get(name.len() + 1..).unwrap_or_default();
        let disguised = [&b".ico"[..], b".js", b".css", b".png", b".jpg", b".gif"].contains(&cut);
        if PRODUCTS.contains(name) || disguised || is_telling_page(name) {
            return Some(start..end);
        }
        start = end + 1;
    }
    INTERFACES.iter().find_map(|interface| {
        let at = memchr::memmem::find(path, interface.as_bytes())?;
        Some(at..at + interface.len())
    })
}

fn is_telling_page(name: &[u8]) -> bool {
    let Some(dot) = memchr::memchr(b'.', name) else { return false };
    let ends = |extension: &&str| {
        name.get(dot..) == Some(extension.as_bytes()) || name.ends_with(extension.as_bytes())
    };
    PAGES.iter().any(ends) && TELLING.iter().any(|word| memchr::memmem::find(name, word.as_bytes()).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consoles_and_pages_that_tell_of_the_setup_are_probes() {
        for path in [
            "/nacos/v1/auth/users",
            "/cgi/sysinfo.cgi",
            "/h2-console",
            "/boot/user/list;.ico",
            "/v2/_catalog",
        ] {
            assert!(find(path.as_bytes()).is_some(), "{path}");
        }
    }

    #[test]
    fn what_an_api_calls_its_own_is_none() {
        for path in
            ["/api/v2/logs/config/metrics", "/index.php", "/shop/list.jsp", "/v1/users/7/status", "/a;v=1/b"]
        {
            assert_eq!(find(path.as_bytes()), None, "{path}");
        }
    }
}
