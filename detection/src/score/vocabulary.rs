//! The words that have a meaning of their own in the languages attacks are written in, from those languages' public
//! grammars and manuals.

pub(super) const WORDS: [&str; 14] = [
    // SQL: statements, clauses, operators (ISO/IEC 9075, and what MySQL, PostgreSQL, Oracle, SQL Server and SQLite add).
    "select union all distinct from where and or not xor like rlike regexp in is null between exists having group order \
     by limit offset insert into values update set delete drop truncate table database schema create alter add column \
     index view trigger procedure function exec execute declare begin end if then else case when while for loop fetch \
     cursor open close cast convert collate as asc desc join inner left right outer on using with recursive returning \
     grant revoke commit rollback outfile dumpfile infile load_file analyse waitfor delay time shutdown nowait true \
     false unhex div mod sounds escape top percent into within intersect except minus rownum dual sysdate handler do \
     call prepare deallocate describe explain show tables columns databases use go replace merge copy",
    // SQL: functions and catalogues.
    "sleep benchmark pg_sleep randomblob extractvalue updatexml name_const concat concat_ws group_concat string_agg \
     listagg char chr nchar ascii ord hex substr substring mid length len count sum min max avg version user database \
     current_user system_user session_user db_name user_name host_name current_database ifnull isnull nullif coalesce \
     iif elt instr locate position floor rand exp md5 sha1 sha2 upper lower reverse quote make_set row_number rownum \
     information_schema table_name table_schema column_name sqlite_master sysobjects syscolumns sysusers pg_catalog \
     pg_database pg_tables pg_user pg_shadow all_tables all_users user_tables mysql postgres sqlite oracle mssql master \
     xp_cmdshell xp_dirtree xp_regread xp_fileexist sp_executesql sp_password sp_oacreate openrowset opendatasource \
     utl_http utl_inaddr dbms_pipe dbms_lock dbms_ldap ctxsys httpuritype xmltype varchar nvarchar varbinary int integer \
     decimal numeric bigint text datetime signed unsigned binary uid passwd password username users accounts admin root \
     geometrycollection multipoint polygon json_extract json_keys jsonb to_char to_number decode bitand generate_series",
    // ECMAScript, the DOM and what browsers run.
    "alert confirm prompt eval settimeout setinterval setimmediate function return var let const new this typeof \
     instanceof delete void throw try catch finally async await yield class extends super import export default require \
     window document cookie location href self parent frames opener top navigator innerhtml outerhtml write writeln \
     domain referrer localstorage sessionstorage fromcharcode charcodeat tostring constructor prototype __proto__ \
     object array string number boolean math date regexp map filter reduce find foreach call apply bind atob btoa \
     unescape decodeuri decodeuricomponent encodeuricomponent fetch xmlhttprequest websocket postmessage \
     queryselector getelementbyid getelementsbytagname createelement appendchild setattribute console log info error \
     promise proxy reflect symbol globalthis global process mainmodule child_process execsync spawn spawnsync exec \
     readfile readfilesync writefilesync readdirsync fs os env module exports buffer vm arguments undefined nan infinity \
     javascript vbscript livescript data blob expression behavior binding import",
    // HTML, SVG and MathML.
    "html head body script style link meta base title iframe frame frameset object embed applet img image svg math \
     video audio source track input button form textarea select option keygen isindex marquee bgsound layer ilayer a \
     abbr b i u p br hr div span table td tr th ul ol li details summary dialog template slot portal canvas area map \
     animate animatetransform set use foreignobject xml xss noscript noembed plaintext listing xmp comment src srcdoc \
     srcset href xlink action formaction background lowsrc dynsrc poster autofocus contenteditable tabindex accesskey \
     onfocus onblur onload onerror onclick ondblclick onmouseover onmouseout onmousemove onmouseenter onmousedown \
     onmouseup onkeydown onkeyup onkeypress onchange oninput oninvalid onsubmit onreset onselect onscroll onresize \
     ontoggle onstart onend onbegin onrepeat onfinish onbounce onwheel ondrag ondragstart ondrop oncopy oncut onpaste \
     onanimationstart onanimationend ontransitionend onpageshow onpagehide onhashchange onmessage onpopstate onunload \
     onbeforeunload onpointerover onpointerdown onpointerenter ontouchstart onloadstart oncanplay onplay onloadeddata \
     onreadystatechange onpropertychange oncontextmenu onsearch onafterprint onbeforescriptexecute onauxclick http equiv \
     content refresh allowscriptaccess type text ecmascript charset width height value name id classid codebase",
    // Unix shells and commands (POSIX.1-2024 XCU and common packages).
    "cat tac head tail less more nl od xxd strings grep egrep fgrep sed awk cut sort uniq wc ls dir cp mv rm rmdir mkdir \
     touch ln find chmod chown chgrp id whoami who w uname hostname uptime ifconfig ip netstat ss route arp ping ping6 \
     traceroute nslookup dig host curl wget fetch lynx ftp tftp telnet ssh scp nc ncat netcat socat bash sh dash zsh ksh \
     csh tcsh ash busybox python python2 python3 perl ruby php node lua gcc cc make tar zip gzip unzip base64 openssl \
     echo printf env printenv export unset eval exec source alias sudo su passwd useradd adduser kill pkill killall ps \
     top free df du mount crontab at nohup xargs tee test expr yes true false sleep time timeout history pwd cd vi vim \
     nano dd mkfifo mknod md5sum sha1sum rev fold paste join split getent lsof iptables systemctl service reboot halt \
     ifs path home shell user tmp etc bin usr sbin var dev proc opt null tcp udp shadow hosts fd cmdline environ",
    // Windows shells and commands.
    "cmd powershell pwsh command comspec dir type copy move del erase ren md rd attrib icacls net net1 user localgroup \
     group ipconfig systeminfo tasklist taskkill ver set reg regedit sc schtasks wmic cscript wscript mshta rundll32 \
     regsvr32 certutil bitsadmin iex iwr irm invoke expression webrequest restmethod downloadstring downloadfile \
     webclient start process executionpolicy bypass encodedcommand noprofile windowstyle hidden exe bat vbs ps1 dll \
     msi system32 windows winnt syswow64 programfiles systemroot windir userprofile appdata boot ini win sam drivers \
     inetpub wwwroot errorlevel defined exist goto",
    // PHP.
    "phpinfo phpversion system passthru shell_exec popen proc_open pcntl_exec assert create_function call_user_func \
     call_user_func_array preg_replace array_map array_filter usort unserialize serialize base64_decode base64_encode \
     gzinflate gzuncompress str_rot13 file_get_contents file_put_contents fopen fread fwrite fputs fclose readfile file \
     include include_once require_once show_source highlight_file scandir opendir readdir glob unlink rename \
     move_uploaded_file mkdir tempnam symlink getenv putenv ini_set ini_get get_defined_vars get_cfg_var var_dump \
     print_r var_export print die exit isset empty unset array list echo define constant extract parse_str mail \
     header setcookie session_start strrev strtolower str_replace substr implode explode sprintf chr ord hex2bin \
     bin2hex dechex hexdec pack unpack is_array is_callable is_string get post request cookie server files globals \
     auto_prepend_file auto_append_file allow_url_include allow_url_fopen disable_functions open_basedir fsockopen \
     curl_init curl_exec stream_context_create php phtml phar php5 php7 pht filter input output zlib expect glob ogg rar \
     wrapper convert iconv rot13 resource read write temp memory",
    // Java and what runs on it.
    "java javax lang runtime getruntime processbuilder process system getproperty getenv class classloader forname \
     getclass newinstance getmethod getdeclaredmethod getdeclaredconstructors defineclass loadclass invoke reflect \
     thread scriptenginemanager scriptengine getenginebyname nashorn util scanner io inputstream \
     bufferedreader inputstreamreader printwriter fileinputstream fileoutputstream net url socket rmi ldap ldaps iiop \
     dns jndi initialcontext lookup naming ognl ognlcontext opensymphony xwork xwork2 struts struts2 memberaccess \
     _memberaccess allowstaticmethodaccess excludedclasses parameters context actioncontext servletactioncontext \
     freemarker velocity springframework expression spel beans factory applicationcontext pagecontext facescontext \
     getsession getrequest getresponse commons collections functors transformer invokertransformer chainedtransformer \
     constanttransformer templatesimpl jdbcrowsetimpl autotype datasourcename autocommit com sun apache org alibaba \
     fastjson snakeyaml xstream groovy jexl mvel bcel unmarshal deserialize sys lower upper env main date bundle",
    // Python, Ruby, Perl and templates.
    "__class__ __mro__ __base__ __bases__ __subclasses__ __init__ __globals__ __builtins__ __import__ __getitem__ \
     __dict__ __getattribute__ mro subclasses builtins popen subprocess check_output communicate os config items self \
     request application lipsum cycler joiner namespace url_for get_flashed_messages attr join session settings \
     secret_key debug include extends block endblock macro import set foreach endfor endif assign literal smarty twig \
     _self registerundefinedfiltercallback getfilter jinja template render inspect kernel open file read readlines \
     write dir entries backtick exec eval compile globals locals getattr setattr lambda print sprintf abs range forloop \
     core getpwuid qw uc lc sprintf",
    // XML: documents, entities, stylesheets, SOAP.
    "xml doctype entity element attlist system public cdata encoding version standalone utf ns xmlns xsi xsl xslt \
     stylesheet xinclude xi include href parse text fallback schemalocation dtd envelope body import value document \
     unparsed",
    // Files that every host or many applications have.
    "passwd shadow group hosts hostname issue motd fstab crontab resolv sudoers my httpd apache apache2 nginx php ini \
     conf cnf cfg config access error log logs self environ cmdline version mounts status ssh id_rsa id_dsa \
     authorized_keys known_hosts bash_history bashrc profile htaccess htpasswd git svn env web inf meta manifest \
     win boot system sam repair iis inetsrv metabase global asa asax web server wp settings configuration database \
     backup bak old sql dump zip tar gz proc etc var usr home root local tmp opt mnt windows winnt users public etcpasswd",
    // Addresses and schemes that servers are talked into.
    "http https ftp ftps sftp file gopher dict ldap ldaps tftp jar netdoc smb unc imap smtp telnet redis ssh2 zip phar \
     localhost localdomain loopback internal metadata computemetadata meta latest iam credentials security user nip xip \
     sslip localtest burpcollaborator oastify interact oast evil attacker example google burp collaborator kubernetes \
     docker consul instance",
    // LDAP (RFC 4515), XPath, NoSQL and GraphQL.
    "cn uid sn ou dc objectclass mail userpassword member memberof givenname telephonenumber description name string \
     text node comment child parent ancestor descendant following preceding attribute position last contains starts \
     substring translate normalize count doc document uri eq ne gt gte lt lte nin exists regex where mod elemmatch expr \
     size type options lookup accumulator func mapreduce this db collection findone ismaster __schema __type __typename \
     querytype mutationtype subscriptiontype fields args types kind oftype directives query mutation subscription fragment \
     introspectionquery inputfields possibletypes enumvalues",
    // HTTP itself, mail and server-side includes.
    "get post put delete head options trace connect patch http host content length location set cookie transfer encoding \
     chunked connection close keep alive user agent referer accept x forwarded for ok moved found bcc cc to from subject \
     mime rcpt data quit helo ehlo vrfy exec cmd echo include virtual printenv date_local document_name config errmsg \
     flastmod fsize odbc esi vars assign",
];
