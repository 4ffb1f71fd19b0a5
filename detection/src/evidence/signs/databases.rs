use crate::evidence::sign::{Sign, sign};

pub(super) const ERRORS: &[Sign] = &[
    sign(
        &["sql syntax", "check the manual that"],
        r"(?i)You have an error in your SQL syntax|check the manual that (?:corresponds to|fits) your (?:MySQL|MariaDB)",
    ),
    sign(
        &["mysql", "maxdb", "pg_", "mssql_", "sqlite_", "oci_", "ifx_", "ibase_", "odbc_"],
        r"(?i)(?:warning|fatal error)(?:</b>)?:.{0,40}\b(?:mysqli?|maxdb|pg|mssql|sqlite|oci|ifx|ibase|odbc)_?(?:::)?[a-z_]*\(|mysql_fetch_(?:array|assoc|row|object)|supplied argument is not a valid (?:MySQL|PostgreSQL|MS SQL)|maxdb::query",
    ),
    sign(
        &[
            "xpath syntax error",
            "duplicate entry '",
            "out of range in",
            "unknown column '",
            "illegal mix of collations",
            "operand should contain",
            "different number of columns",
            "malformed gtid",
        ],
        r"(?i)XPATH syntax error: ?|Duplicate entry '[^']{1,120}' for key|DOUBLE value is out of range in|The used SELECT statements have (?:a )?different number of columns|Unknown column '[^']{1,120}' in '|Illegal mix of collations|Operand should contain [0-9]+ column|Malformed GTID set",
    ),
    sign(&["error "], r"(?i)\bERROR [0-9]{4} \([0-9A-Z]{5}\)"),
    sign(
        &[
            "unterminated quoted",
            "syntax error at or near",
            "invalid input syntax",
            "pg_query",
            "pg_exec",
            "psqlexception",
            "pg::",
            "psycopg2",
            "npgsql",
        ],
        r"(?i)unterminated quoted string at or near|syntax error at or near [\x22']|invalid input syntax for (?:type )?(?:integer|numeric|uuid|boolean)|pg_(?:query|exec)\(\)|PSQLException|PG::[A-Z][A-Za-z]+Error|psycopg2\.|Npgsql\.\w+Exception",
    ),
    sign(
        &[
            "quotation mark",
            "incorrect syntax near",
            "conversion failed when",
            "microsoft ole db",
            "odbc",
            "[sql server]",
            "data.sqlclient",
            "sqlexception",
        ],
        r"(?i)unclosed quotation mark (?:after|before) the character string|incorrect syntax near '|conversion failed when converting the (?:n?varchar|date)|microsoft (?:ole db|odbc)[^\n]{0,60}(?:sql|error)|\[SQL Server\]|System\.Data\.SqlClient|\bSqlException\b|\[Microsoft\]\[ODBC|\[ODBC [^\]]{0,40}Driver|ODBC Driver\]",
    ),
    sign(
        &["ora-", "pls-", "quoted string not properly", "oracle.jdbc"],
        r"\bORA-[0-9]{5}\b|\bPLS-[0-9]{5}\b|quoted string not properly terminated|oracle\.jdbc",
    ),
    sign(
        &["sqlite", "unrecognized token", "syntax error"],
        r"(?i)SQLITE_ERROR|sqlite3?\.(?:OperationalError|Exception|DatabaseError)|unrecognized token: \x22|near \x22[^\x22]{0,40}\x22: syntax error|SQLite/JDBCDriver|SQLiteException|SQLite error",
    ),
    sign(
        &[
            "sqlstate",
            "pdoexception",
            "java.sql.",
            "com.mysql.",
            "org.hibernate",
            "org.postgresql",
            "hsqldb",
            "org.h2.",
            "sequelize",
            "queryfailederror",
            "statementinvalid",
            "sqlalchemy.exc",
        ],
        r"SQLSTATE\[[0-9A-Z]{5}\]|PDOException|java\.sql\.SQL[A-Za-z]*Exception|com\.mysql\.(?:jdbc|cj)|org\.hibernate\.(?:exception|QueryException)|org\.postgresql\.util|org\.hsqldb\.jdbc|org\.h2\.jdbc|Sequelize[A-Za-z]*Error|QueryFailedError|ActiveRecord::StatementInvalid|sqlalchemy\.exc\.",
    ),
    sign(
        &[
            "cli driver",
            "db2 sql error",
            "sqlcode",
            "sybase",
            "dynamic sql error",
            "microsoft access",
            "jet database engine",
            "missing operator",
            "ingres",
            "informix",
            "sap db",
        ],
        r"(?i)CLI Driver.{0,20}DB2|DB2 SQL error|SQLCODE[=: ]+-?[0-9]+|Sybase message|com\.sybase\.jdbc|Dynamic SQL Error|Microsoft Access (?:Driver|Database Engine)|JET Database Engine|Syntax error \(missing operator\) in query expression|\[Ingres|Ingres SQLSTATE|com\.informix\.jdbc|Informix ODBC",
    ),
    sign(
        &[
            "mongoservererror",
            "mongoerror",
            "bsontypeerror",
            "operator: $",
            "$where requires",
            "e11000",
            "casterror",
        ],
        r"(?i)MongoServerError|MongoError|BSONTypeError|unknown (?:top level )?operator: \$|\$where requires|E11000 duplicate key|CastError: Cast to",
    ),
];

pub(super) const DUMPS: &[Sign] = &[
    sign(&["$2a$", "$2b$", "$2y$"], r"\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}"),
    sign(&["\"*", ">*", ":*", "~*", ",*", " *", "|*"], r"(?:^|[^0-9A-Za-z*])\*[0-9A-F]{40}\b"),
    sign(
        &[
            "information_schema",
            "performance_schema",
            "pg_catalog",
            "sqlite_master",
            "sqlite_sequence",
            "mysql.user",
            "sysobjects",
        ],
        r"(?i)\b(?:information_schema|performance_schema|pg_catalog|sqlite_master|sqlite_sequence|mysql\.user|sysobjects)\b[^<]{0,200}\b(?:tables|columns|users?|schema_name|proc|create table|event)\b",
    ),
    sign(&["create table "], r"(?i)CREATE TABLE [`\x22\[]?[a-z_]+[`\x22\]]? ?\([^)]{10,}"),
    sign(
        &["-mariadb", "ubuntu", "-log", "debian", "postgresql ", "microsoft sql server"],
        r"(?i)~?(?:5\.[5-7]|8\.[0-9]|9\.[0-9]|10\.[0-9]{1,2}|11\.[0-9])\.[0-9]{1,3}-(?:[0-9]+)?(?:MariaDB|ubuntu|log|debian)|PostgreSQL [0-9]{1,2}\.[0-9]+[^\n]{0,60} on x86_64|microsoft sql server",
    ),
    sign(
        &["password", "passwd", "pwd"],
        r"(?i)(?:password|passwd|pwd)[\x22']?\s*[:=]\s*[\x22'](?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})[\x22']",
    ),
    sign(
        &["@localhost", "@%", "@127."],
        r"(?i)[\x22'>\s,|:~](?:root|admin|[a-z_]+)@(?:localhost|%|127\.0\.0\.1)(?:[\x22'<\s,|~]|\z)",
    ),
];
