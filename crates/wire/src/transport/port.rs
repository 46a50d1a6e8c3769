//! Well-known ports, <https://www.iana.org/assignments/service-names-port-numbers>.

/// Echo, RFC 862.
pub const ECHO: u16 = 7;
/// Discard, RFC 863.
pub const DISCARD: u16 = 9;
/// Daytime, RFC 867.
pub const DAYTIME: u16 = 13;
/// Name servers, RFC 1035 section 4.2.
pub const DNS: u16 = 53;
/// Multicast DNS, RFC 6762 section 3.
pub const MDNS: u16 = 5353;
/// Link-local multicast name resolution, RFC 4795 section 2.
pub const LLMNR: u16 = 5355;
/// HTTP, RFC 9110 section 4.2.1.
pub const HTTP: u16 = 80;
/// HTTP over TLS, RFC 9110 section 4.2.2.
pub const HTTPS: u16 = 443;

/// The service that a port is registered for, where it is one that people meet.
pub fn port_name(port: u16) -> Option<&'static str> {
    let at = NAMES.binary_search_by_key(&port, |(number, _)| *number).ok()?;
    Some(NAMES[at].1)
}

/// In the order of the ports.
const NAMES: &[(u16, &str)] = &[
    (7, "echo"),
    (9, "discard"),
    (13, "daytime"),
    (19, "chargen"),
    (20, "ftp-data"),
    (21, "ftp"),
    (22, "ssh"),
    (23, "telnet"),
    (25, "smtp"),
    (37, "time"),
    (43, "whois"),
    (49, "tacacs"),
    (53, "domain"),
    (67, "dhcp server"),
    (68, "dhcp client"),
    (69, "tftp"),
    (79, "finger"),
    (80, "http"),
    (88, "kerberos"),
    (110, "pop3"),
    (111, "rpcbind"),
    (113, "ident"),
    (119, "nntp"),
    (123, "ntp"),
    (137, "netbios-ns"),
    (139, "netbios-ssn"),
    (143, "imap"),
    (161, "snmp"),
    (162, "snmp-trap"),
    (179, "bgp"),
    (389, "ldap"),
    (443, "https"),
    (445, "smb"),
    (465, "smtps"),
    (500, "isakmp"),
    (514, "syslog"),
    (515, "printer"),
    (546, "dhcpv6 client"),
    (547, "dhcpv6 server"),
    (554, "rtsp"),
    (587, "submission"),
    (631, "ipp"),
    (636, "ldaps"),
    (853, "dns over tls"),
    (873, "rsync"),
    (989, "ftps-data"),
    (990, "ftps"),
    (993, "imaps"),
    (995, "pop3s"),
    (1080, "socks"),
    (1194, "openvpn"),
    (1433, "ms-sql"),
    (1521, "oracle"),
    (1723, "pptp"),
    (1812, "radius"),
    (1883, "mqtt"),
    (1900, "ssdp"),
    (2049, "nfs"),
    (3128, "http proxy"),
    (3306, "mysql"),
    (3389, "rdp"),
    (3478, "stun"),
    (4222, "nats"),
    (5060, "sip"),
    (5061, "sips"),
    (5222, "xmpp"),
    (5353, "mdns"),
    (5432, "postgresql"),
    (5671, "amqps"),
    (5672, "amqp"),
    (6379, "redis"),
    (6443, "kubernetes"),
    (6667, "irc"),
    (8080, "http alternate"),
    (8443, "https alternate"),
    (8883, "mqtt over tls"),
    (9092, "kafka"),
    (9200, "elasticsearch"),
    (11211, "memcached"),
    (27017, "mongodb"),
    (51820, "wireguard"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order() {
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(port_name(443), Some("https"));
        assert_eq!(port_name(444), None);
    }
}
