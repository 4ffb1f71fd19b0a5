use crate::evidence::sign::{Sign, sign};

pub(super) const METADATA: &[Sign] = &[
    sign(&["accesskeyid"], r"\x22AccessKeyId\x22\s*:\s*\x22(?:ASIA|AKIA)[A-Z0-9]{12,}"),
    sign(
        &["secretaccesskey", "instanceprofilearn"],
        r"(?i)\x22(?:SecretAccessKey|instanceProfileArn)\x22\s*:",
    ),
    sign(
        &["accountid", "instanceid", "imageid", "pendingtime", "availabilityzone"],
        r"\x22(?:accountId|instanceId|imageId|pendingTime|availabilityZone)\x22\s*:[^}]{0,400}\x22(?:instanceId|region|privateIp|instanceType|imageId)\x22\s*:",
    ),
    sign(
        &[
            "ami-id",
            "ami-launch-index",
            "ami-manifest-path",
            "instance-id",
            "instance-type",
            "local-hostname",
            "security-credentials",
            "block-device-mapping",
        ],
        r"(?:^|[\n>])(?:ami-id|ami-launch-index|ami-manifest-path|instance-id|instance-type|local-hostname|security-credentials/?|block-device-mapping/?)(?:\s*(?:\n|<|\z))",
    ),
    sign(
        &["ya29.", "serviceaccounts", "computemetadata"],
        r"\x22access_token\x22\s*:\s*\x22ya29\.|\x22serviceAccounts\x22|computeMetadata",
    ),
    sign(
        &["vmid", "subscriptionid", "resourcegroupname"],
        r"\x22(?:vmId|subscriptionId|resourceGroupName)\x22\s*:[^}]{0,400}\x22(?:vmSize|osType|location|vmId)\x22",
    ),
    sign(
        &["droplet_id", "availability_zone"],
        r"\x22droplet_id\x22\s*:|\x22availability_zone\x22\s*:[^}]{0,400}\x22(?:uuid|hostname|launch_index)\x22",
    ),
];

pub(super) const SERVICES: &[Sign] = &[
    sign(
        &["-err ", "+ok\r\n", "redis_version", "stat pid"],
        r"(?i)-ERR (?:wrong number of arguments|unknown command)|\+OK\r\n|redis_version:|STAT pid [0-9]+",
    ),
    sign(&["ssh-2.0-", "ssh-1.99-"], r"SSH-(?:2\.0|1\.99)-[A-Za-z]"),
    sign(&["220 "], r"(?m)^220[ -][^\n]{0,80}(?:E?SMTP|FTP)\b"),
    sign(&["mysql_native_password", "caching_sha2_password"], r"mysql_native_password|caching_sha2_password"),
    sign(
        &["minapiversion", "gitversion", "you know, for search", "etcdserver", "datacenter"],
        r"(?i)\x22MinAPIVersion\x22|\x22gitVersion\x22|You Know, for Search|\x22etcdserver\x22|\x22Config\x22\s*:\s*\{\s*\x22Datacenter\x22",
    ),
    // pages that fetchers are pointed at to see whether they fetch
    sign(&["interactsh server", "example domain"], r"(?i)interactsh server|<title>example domain</title>"),
    sign(
        &["welcome to nginx", "it works!", "apache2 ubuntu default"],
        r"(?i)<title>welcome to nginx|<h1>it works!</h1>|apache2 ubuntu default page",
    ),
];
