//! The code points of TLS, <https://www.iana.org/assignments/tls-parameters> and
//! `tls-extensiontype-values`.

use crate::code::code_points;

code_points! {
    /// A protocol version. Since TLS 1.3 the one in records and hellos is a relic; what counts
    /// stands in the extension `supported_versions` (RFC 8446 section 4.2.1).
    "TLS version", pub enum Version: u16, unknown "0x{:04x}" {
        Ssl20 = 0x0002 => "SSL 2.0",
        Ssl30 = 0x0300 => "SSL 3.0",
        Tls10 = 0x0301 => "TLS 1.0",
        Tls11 = 0x0302 => "TLS 1.1",
        Tls12 = 0x0303 => "TLS 1.2",
        Tls13 = 0x0304 => "TLS 1.3",
    }
}

code_points! {
    /// What a record carries, RFC 8446 section 5.1.
    "TLS content type", pub enum ContentType: u8, unknown "type {}" {
        ChangeCipherSpec = 20 => "change_cipher_spec",
        Alert = 21 => "alert",
        Handshake = 22 => "handshake",
        ApplicationData = 23 => "application_data",
        Heartbeat = 24 => "heartbeat",
    }
}

code_points! {
    /// The kind of a handshake message, RFC 8446 section 4 and RFC 5246 section 7.4.
    "TLS handshake type", pub enum HandshakeType: u8, unknown "type {}" {
        HelloRequest = 0 => "hello_request",
        ClientHello = 1 => "client_hello",
        ServerHello = 2 => "server_hello",
        NewSessionTicket = 4 => "new_session_ticket",
        EndOfEarlyData = 5 => "end_of_early_data",
        EncryptedExtensions = 8 => "encrypted_extensions",
        Certificate = 11 => "certificate",
        ServerKeyExchange = 12 => "server_key_exchange",
        CertificateRequest = 13 => "certificate_request",
        ServerHelloDone = 14 => "server_hello_done",
        CertificateVerify = 15 => "certificate_verify",
        ClientKeyExchange = 16 => "client_key_exchange",
        Finished = 20 => "finished",
        CertificateStatus = 22 => "certificate_status",
        KeyUpdate = 24 => "key_update",
        CompressedCertificate = 25 => "compressed_certificate",
    }
}

code_points! {
    /// How grave an alert is; without meaning since TLS 1.3.
    "TLS alert level", pub enum AlertLevel: u8, unknown "level {}" {
        Warning = 1 => "warning",
        Fatal = 2 => "fatal",
    }
}

code_points! {
    /// What an alert says, RFC 8446 section 6 and earlier.
    "TLS alert", pub enum AlertDescription: u8, unknown "alert {}" {
        CloseNotify = 0 => "close_notify",
        UnexpectedMessage = 10 => "unexpected_message",
        BadRecordMac = 20 => "bad_record_mac",
        DecryptionFailed = 21 => "decryption_failed",
        RecordOverflow = 22 => "record_overflow",
        DecompressionFailure = 30 => "decompression_failure",
        HandshakeFailure = 40 => "handshake_failure",
        NoCertificate = 41 => "no_certificate",
        BadCertificate = 42 => "bad_certificate",
        UnsupportedCertificate = 43 => "unsupported_certificate",
        CertificateRevoked = 44 => "certificate_revoked",
        CertificateExpired = 45 => "certificate_expired",
        CertificateUnknown = 46 => "certificate_unknown",
        IllegalParameter = 47 => "illegal_parameter",
        UnknownCa = 48 => "unknown_ca",
        AccessDenied = 49 => "access_denied",
        DecodeError = 50 => "decode_error",
        DecryptError = 51 => "decrypt_error",
        TooManyCidsRequested = 52 => "too_many_cids_requested",
        ExportRestriction = 60 => "export_restriction",
        ProtocolVersion = 70 => "protocol_version",
        InsufficientSecurity = 71 => "insufficient_security",
        InternalError = 80 => "internal_error",
        InappropriateFallback = 86 => "inappropriate_fallback",
        UserCanceled = 90 => "user_canceled",
        NoRenegotiation = 100 => "no_renegotiation",
        MissingExtension = 109 => "missing_extension",
        UnsupportedExtension = 110 => "unsupported_extension",
        CertificateUnobtainable = 111 => "certificate_unobtainable",
        UnrecognizedName = 112 => "unrecognized_name",
        BadCertificateStatusResponse = 113 => "bad_certificate_status_response",
        BadCertificateHashValue = 114 => "bad_certificate_hash_value",
        UnknownPskIdentity = 115 => "unknown_psk_identity",
        CertificateRequired = 116 => "certificate_required",
        GeneralError = 117 => "general_error",
        NoApplicationProtocol = 120 => "no_application_protocol",
        EchRequired = 121 => "ech_required",
    }
}

code_points! {
    /// The kind of an extension.
    "TLS extension", pub enum ExtensionType: u16, unknown "0x{:04x}" {
        ServerName = 0 => "server_name",
        MaxFragmentLength = 1 => "max_fragment_length",
        StatusRequest = 5 => "status_request",
        SupportedGroups = 10 => "supported_groups",
        EcPointFormats = 11 => "ec_point_formats",
        SignatureAlgorithms = 13 => "signature_algorithms",
        UseSrtp = 14 => "use_srtp",
        Heartbeat = 15 => "heartbeat",
        Alpn = 16 => "application_layer_protocol_negotiation",
        StatusRequestV2 = 17 => "status_request_v2",
        SignedCertificateTimestamp = 18 => "signed_certificate_timestamp",
        Padding = 21 => "padding",
        EncryptThenMac = 22 => "encrypt_then_mac",
        ExtendedMasterSecret = 23 => "extended_master_secret",
        CompressCertificate = 27 => "compress_certificate",
        RecordSizeLimit = 28 => "record_size_limit",
        DelegatedCredential = 34 => "delegated_credential",
        SessionTicket = 35 => "session_ticket",
        PreSharedKey = 41 => "pre_shared_key",
        EarlyData = 42 => "early_data",
        SupportedVersions = 43 => "supported_versions",
        Cookie = 44 => "cookie",
        PskKeyExchangeModes = 45 => "psk_key_exchange_modes",
        CertificateAuthorities = 47 => "certificate_authorities",
        OidFilters = 48 => "oid_filters",
        PostHandshakeAuth = 49 => "post_handshake_auth",
        SignatureAlgorithmsCert = 50 => "signature_algorithms_cert",
        KeyShare = 51 => "key_share",
        QuicTransportParameters = 57 => "quic_transport_parameters",
        NextProtocolNegotiation = 0x3374 => "next_protocol_negotiation",
        ApplicationSettingsOld = 0x4469 => "application_settings_old",
        ApplicationSettings = 0x44cd => "application_settings",
        EncryptedClientHello = 0xfe0d => "encrypted_client_hello",
        RenegotiationInfo = 0xff01 => "renegotiation_info",
    }
}

code_points! {
    /// A group for the key exchange.
    "TLS group", pub enum NamedGroup: u16, unknown "0x{:04x}" {
        Secp192r1 = 19 => "secp192r1",
        Secp224r1 = 21 => "secp224r1",
        Secp256k1 = 22 => "secp256k1",
        Secp256r1 = 23 => "secp256r1",
        Secp384r1 = 24 => "secp384r1",
        Secp521r1 = 25 => "secp521r1",
        BrainpoolP256r1 = 26 => "brainpoolP256r1",
        BrainpoolP384r1 = 27 => "brainpoolP384r1",
        BrainpoolP512r1 = 28 => "brainpoolP512r1",
        X25519 = 29 => "x25519",
        X448 = 30 => "x448",
        Ffdhe2048 = 256 => "ffdhe2048",
        Ffdhe3072 = 257 => "ffdhe3072",
        Ffdhe4096 = 258 => "ffdhe4096",
        Ffdhe6144 = 259 => "ffdhe6144",
        Ffdhe8192 = 260 => "ffdhe8192",
        MlKem512 = 512 => "MLKEM512",
        MlKem768 = 513 => "MLKEM768",
        MlKem1024 = 514 => "MLKEM1024",
        Secp256r1MlKem768 = 0x11eb => "SecP256r1MLKEM768",
        X25519MlKem768 = 0x11ec => "X25519MLKEM768",
        Secp384r1MlKem1024 = 0x11ed => "SecP384r1MLKEM1024",
        X25519Kyber768Draft00 = 0x6399 => "X25519Kyber768Draft00",
    }
}

code_points! {
    /// A signature algorithm with its hash, RFC 8446 section 4.2.3.
    "TLS signature scheme", pub enum SignatureScheme: u16, unknown "0x{:04x}" {
        RsaPkcs1Md5 = 0x0101 => "rsa_pkcs1_md5",
        RsaPkcs1Sha1 = 0x0201 => "rsa_pkcs1_sha1",
        DsaSha1 = 0x0202 => "dsa_sha1",
        EcdsaSha1 = 0x0203 => "ecdsa_sha1",
        RsaPkcs1Sha224 = 0x0301 => "rsa_pkcs1_sha224",
        DsaSha224 = 0x0302 => "dsa_sha224",
        EcdsaSha224 = 0x0303 => "ecdsa_sha224",
        RsaPkcs1Sha256 = 0x0401 => "rsa_pkcs1_sha256",
        DsaSha256 = 0x0402 => "dsa_sha256",
        EcdsaSecp256r1Sha256 = 0x0403 => "ecdsa_secp256r1_sha256",
        RsaPkcs1Sha384 = 0x0501 => "rsa_pkcs1_sha384",
        EcdsaSecp384r1Sha384 = 0x0503 => "ecdsa_secp384r1_sha384",
        RsaPkcs1Sha512 = 0x0601 => "rsa_pkcs1_sha512",
        EcdsaSecp521r1Sha512 = 0x0603 => "ecdsa_secp521r1_sha512",
        RsaPssRsaeSha256 = 0x0804 => "rsa_pss_rsae_sha256",
        RsaPssRsaeSha384 = 0x0805 => "rsa_pss_rsae_sha384",
        RsaPssRsaeSha512 = 0x0806 => "rsa_pss_rsae_sha512",
        Ed25519 = 0x0807 => "ed25519",
        Ed448 = 0x0808 => "ed448",
        RsaPssPssSha256 = 0x0809 => "rsa_pss_pss_sha256",
        RsaPssPssSha384 = 0x080a => "rsa_pss_pss_sha384",
        RsaPssPssSha512 = 0x080b => "rsa_pss_pss_sha512",
        EcdsaBrainpoolP256r1Sha256 = 0x081a => "ecdsa_brainpoolP256r1tls13_sha256",
        EcdsaBrainpoolP384r1Sha384 = 0x081b => "ecdsa_brainpoolP384r1tls13_sha384",
        EcdsaBrainpoolP512r1Sha512 = 0x081c => "ecdsa_brainpoolP512r1tls13_sha512",
        MlDsa44 = 0x0904 => "mldsa44",
        MlDsa65 = 0x0905 => "mldsa65",
        MlDsa87 = 0x0906 => "mldsa87",
    }
}

code_points! {
    /// The kind of a certificate that a server asks for, RFC 5246 section 7.4.4.
    "client certificate type", pub enum ClientCertificateType: u8, unknown "type {}" {
        RsaSign = 1 => "rsa_sign",
        DssSign = 2 => "dss_sign",
        RsaFixedDh = 3 => "rsa_fixed_dh",
        DssFixedDh = 4 => "dss_fixed_dh",
        EcdsaSign = 64 => "ecdsa_sign",
        RsaFixedEcdh = 65 => "rsa_fixed_ecdh",
        EcdsaFixedEcdh = 66 => "ecdsa_fixed_ecdh",
    }
}

code_points! {
    /// A cipher suite.
    "cipher suite", pub enum CipherSuite: u16, unknown "0x{:04x}" {
        NullWithNullNull = 0x0000 => "TLS_NULL_WITH_NULL_NULL",
        RsaWithNullMd5 = 0x0001 => "TLS_RSA_WITH_NULL_MD5",
        RsaWithNullSha = 0x0002 => "TLS_RSA_WITH_NULL_SHA",
        RsaWithRc4128Md5 = 0x0004 => "TLS_RSA_WITH_RC4_128_MD5",
        RsaWithRc4128Sha = 0x0005 => "TLS_RSA_WITH_RC4_128_SHA",
        RsaWithDesCbcSha = 0x0009 => "TLS_RSA_WITH_DES_CBC_SHA",
        RsaWithTripleDesEdeCbcSha = 0x000a => "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
        DheDssWithTripleDesEdeCbcSha = 0x0013 => "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA",
        DheRsaWithDesCbcSha = 0x0015 => "TLS_DHE_RSA_WITH_DES_CBC_SHA",
        DheRsaWithTripleDesEdeCbcSha = 0x0016 => "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA",
        DhAnonWithRc4128Md5 = 0x0018 => "TLS_DH_anon_WITH_RC4_128_MD5",
        DhAnonWithTripleDesEdeCbcSha = 0x001b => "TLS_DH_anon_WITH_3DES_EDE_CBC_SHA",
        RsaWithAes128CbcSha = 0x002f => "TLS_RSA_WITH_AES_128_CBC_SHA",
        DheDssWithAes128CbcSha = 0x0032 => "TLS_DHE_DSS_WITH_AES_128_CBC_SHA",
        DheRsaWithAes128CbcSha = 0x0033 => "TLS_DHE_RSA_WITH_AES_128_CBC_SHA",
        DhAnonWithAes128CbcSha = 0x0034 => "TLS_DH_anon_WITH_AES_128_CBC_SHA",
        RsaWithAes256CbcSha = 0x0035 => "TLS_RSA_WITH_AES_256_CBC_SHA",
        DheDssWithAes256CbcSha = 0x0038 => "TLS_DHE_DSS_WITH_AES_256_CBC_SHA",
        DheRsaWithAes256CbcSha = 0x0039 => "TLS_DHE_RSA_WITH_AES_256_CBC_SHA",
        DhAnonWithAes256CbcSha = 0x003a => "TLS_DH_anon_WITH_AES_256_CBC_SHA",
        RsaWithNullSha256 = 0x003b => "TLS_RSA_WITH_NULL_SHA256",
        RsaWithAes128CbcSha256 = 0x003c => "TLS_RSA_WITH_AES_128_CBC_SHA256",
        RsaWithAes256CbcSha256 = 0x003d => "TLS_RSA_WITH_AES_256_CBC_SHA256",
        RsaWithCamellia128CbcSha = 0x0041 => "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA",
        DheRsaWithCamellia128CbcSha = 0x0045 => "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA",
        DheRsaWithAes128CbcSha256 = 0x0067 => "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256",
        DheRsaWithAes256CbcSha256 = 0x006b => "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256",
        RsaWithCamellia256CbcSha = 0x0084 => "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA",
        DheRsaWithCamellia256CbcSha = 0x0088 => "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA",
        PskWithAes128CbcSha = 0x008c => "TLS_PSK_WITH_AES_128_CBC_SHA",
        PskWithAes256CbcSha = 0x008d => "TLS_PSK_WITH_AES_256_CBC_SHA",
        RsaWithAes128GcmSha256 = 0x009c => "TLS_RSA_WITH_AES_128_GCM_SHA256",
        RsaWithAes256GcmSha384 = 0x009d => "TLS_RSA_WITH_AES_256_GCM_SHA384",
        DheRsaWithAes128GcmSha256 = 0x009e => "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
        DheRsaWithAes256GcmSha384 = 0x009f => "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
        PskWithAes128GcmSha256 = 0x00a8 => "TLS_PSK_WITH_AES_128_GCM_SHA256",
        PskWithAes256GcmSha384 = 0x00a9 => "TLS_PSK_WITH_AES_256_GCM_SHA384",
        EmptyRenegotiationInfoScsv = 0x00ff => "TLS_EMPTY_RENEGOTIATION_INFO_SCSV",
        Aes128GcmSha256 = 0x1301 => "TLS_AES_128_GCM_SHA256",
        Aes256GcmSha384 = 0x1302 => "TLS_AES_256_GCM_SHA384",
        Chacha20Poly1305Sha256 = 0x1303 => "TLS_CHACHA20_POLY1305_SHA256",
        Aes128CcmSha256 = 0x1304 => "TLS_AES_128_CCM_SHA256",
        Aes128Ccm8Sha256 = 0x1305 => "TLS_AES_128_CCM_8_SHA256",
        FallbackScsv = 0x5600 => "TLS_FALLBACK_SCSV",
        EcdheEcdsaWithRc4128Sha = 0xc007 => "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
        EcdheEcdsaWithTripleDesEdeCbcSha = 0xc008 => "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA",
        EcdheEcdsaWithAes128CbcSha = 0xc009 => "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
        EcdheEcdsaWithAes256CbcSha = 0xc00a => "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
        EcdheRsaWithRc4128Sha = 0xc011 => "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
        EcdheRsaWithTripleDesEdeCbcSha = 0xc012 => "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
        EcdheRsaWithAes128CbcSha = 0xc013 => "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
        EcdheRsaWithAes256CbcSha = 0xc014 => "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
        EcdheEcdsaWithAes128CbcSha256 = 0xc023 => "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
        EcdheEcdsaWithAes256CbcSha384 = 0xc024 => "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
        EcdheRsaWithAes128CbcSha256 = 0xc027 => "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
        EcdheRsaWithAes256CbcSha384 = 0xc028 => "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
        EcdheEcdsaWithAes128GcmSha256 = 0xc02b => "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        EcdheEcdsaWithAes256GcmSha384 = 0xc02c => "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        EcdheRsaWithAes128GcmSha256 = 0xc02f => "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        EcdheRsaWithAes256GcmSha384 = 0xc030 => "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        RsaWithAes128Ccm = 0xc09c => "TLS_RSA_WITH_AES_128_CCM",
        RsaWithAes256Ccm = 0xc09d => "TLS_RSA_WITH_AES_256_CCM",
        DheRsaWithAes128Ccm = 0xc09e => "TLS_DHE_RSA_WITH_AES_128_CCM",
        DheRsaWithAes256Ccm = 0xc09f => "TLS_DHE_RSA_WITH_AES_256_CCM",
        EcdheEcdsaWithAes128Ccm = 0xc0ac => "TLS_ECDHE_ECDSA_WITH_AES_128_CCM",
        EcdheEcdsaWithAes256Ccm = 0xc0ad => "TLS_ECDHE_ECDSA_WITH_AES_256_CCM",
        EcdheEcdsaWithAes128Ccm8 = 0xc0ae => "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8",
        EcdheEcdsaWithAes256Ccm8 = 0xc0af => "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8",
        EcdheRsaWithChacha20Poly1305Sha256 = 0xcca8 => "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        EcdheEcdsaWithChacha20Poly1305Sha256 = 0xcca9 => "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        DheRsaWithChacha20Poly1305Sha256 = 0xccaa => "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    }
}

impl CipherSuite {
    /// True for the suites of TLS 1.3, which say nothing about key exchange and signature
    /// (RFC 8446 appendix B.4).
    pub fn is_tls13(self) -> bool {
        matches!(self.number(), 0x1301..=0x1305)
    }
}

/// True for the values that clients scatter in so that servers keep ignoring what they do not
/// know: `0x0a0a`, `0x1a1a`, ... `0xfafa` (RFC 8701).
pub fn is_grease(number: u16) -> bool {
    let [high, low] = number.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}
