//! A server that speaks TLS with certificates made for the test, a client certificate demanded where a test
//! says; and a proxy that tunnels to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair,
};
use rustls::RootCertStore;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::server::WebPkiClientVerifier;

use crate::common::Home;

/// Somebody who signs certificates.
pub struct Authority {
    pub certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its key.
pub struct Signed {
    pub certificate: Certificate,
    pub key: KeyPair,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self {
            certificate: params.self_signed(&key).unwrap(),
            issuer: Issuer::new(params, key),
        }
    }

    /// One for a server of that name.
    pub fn server(&self, name: &str) -> Signed {
        self.signed(name, ExtendedKeyUsagePurpose::ServerAuth, |_| {})
    }

    /// One for a workload.
    pub fn client(&self, change: impl FnOnce(&mut CertificateParams)) -> Signed {
        self.signed(
            "workload.example.test",
            ExtendedKeyUsagePurpose::ClientAuth,
            change,
        )
    }

    fn signed(
        &self,
        name: &str,
        purpose: ExtendedKeyUsagePurpose,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Signed {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.extended_key_usages = vec![purpose];
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        Signed {
            certificate: params.signed_by(&key, &self.issuer).unwrap(),
            key,
        }
    }

    /// Its certificate as `SSL_CERT_FILE` takes it.
    pub fn file(&self, home: &Home, name: &str) -> String {
        let path = home.write(name, &self.certificate.pem());
        path.to_str().unwrap().to_owned()
    }
}

impl Signed {
    /// Certificate and key as files.
    pub fn files(&self, home: &Home) -> (PathBuf, PathBuf) {
        (
            home.write("workload.pem", &self.certificate.pem()),
            home.write("workload-key.pem", &self.key.serialize_pem()),
        )
    }
}

/// What a server was asked: head and body.
pub type Asked = Arc<Mutex<Vec<String>>>;

/// A server on this machine that speaks TLS.
pub struct TlsServer {
    pub port: u16,
    pub asked: Asked,
    /// Connections, also those that came to nothing.
    pub met: Arc<AtomicUsize>,
}

impl TlsServer {
    /// `name`: whom its certificate names. `clients`: who signs the certificates that it demands. `answer` gives
    /// status line with headers, and body, for the request's head.
    pub fn start(
        authority: &Authority,
        name: &str,
        clients: Option<&Authority>,
        answer: impl Fn(&str) -> (String, String) + Send + Sync + 'static,
    ) -> Self {
        let bytes = move |head: &str| {
            let (status, text) = answer(head);
            (status, text.into_bytes())
        };
        Self::serving(authority, name, clients, bytes)
    }

    /// One that packs its only answer.
    pub fn packing(authority: &Authority, name: &str, text: String) -> Self {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(text.as_bytes()).unwrap();
        let packed = packer.finish().unwrap();
        let head = "200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip";
        Self::serving(authority, name, None, move |_| {
            (head.to_owned(), packed.clone())
        })
    }

    fn serving(
        authority: &Authority,
        name: &str,
        clients: Option<&Authority>,
        answer: impl Fn(&str) -> (String, Vec<u8>) + Send + Sync + 'static,
    ) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(clients) => {
                let mut roots = RootCertStore::empty();
                roots.add(clients.certificate.der().clone()).unwrap();
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let own = authority.server(name);
        let key = PrivatePkcs8KeyDer::from(own.key.serialize_der());
        let config = builder
            .with_single_cert(vec![own.certificate.der().clone()], key.into())
            .unwrap();
        let (config, answer) = (Arc::new(config), Arc::new(answer));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            asked: Arc::default(),
            met: Arc::default(),
        };
        let (asked, met) = (Arc::clone(&server.asked), Arc::clone(&server.met));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                met.fetch_add(1, Ordering::SeqCst);
                let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
                let (answer, asked) = (Arc::clone(&answer), Arc::clone(&asked));
                std::thread::spawn(move || {
                    let stream = rustls::StreamOwned::new(connection, stream);
                    let mut reader = BufReader::new(stream);
                    let Some((head, body)) = read(&mut reader) else {
                        return;
                    };
                    let (status, bytes) = answer(&head);
                    asked.lock().unwrap().push(format!("{head}{body}"));
                    let length = bytes.len();
                    let answer = format!(
                        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
                    );
                    let stream = reader.get_mut();
                    let _ = stream.write_all(answer.as_bytes());
                    let _ = stream.write_all(&bytes);
                    stream.conn.send_close_notify();
                    let _ = stream.flush();
                });
            }
        });
        server
    }

    pub fn url(&self, name: &str) -> String {
        format!("https://{name}:{}", self.port)
    }

    pub fn met(&self) -> usize {
        self.met.load(Ordering::SeqCst)
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// Head and body of a request; `None`: nothing whole came.
fn read(reader: &mut impl BufRead) -> Option<(String, String)> {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        head += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((head, String::from_utf8_lossy(&body).into_owned()))
}

/// A proxy that takes CONNECT, and leads every host to one port of this machine.
pub struct Tunnel {
    /// Its host and port.
    pub address: String,
    /// What it was asked.
    pub asked: Asked,
}

impl Tunnel {
    /// `login`: the value of `Proxy-Authorization` without which it answers 407.
    pub fn to(port: u16, login: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let tunnel = Self {
            address: listener.local_addr().unwrap().to_string(),
            asked: Arc::default(),
        };
        let asked = Arc::clone(&tunnel.asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let asked = Arc::clone(&asked);
                std::thread::spawn(move || tunnelled(stream, port, login, &asked));
            }
        });
        tunnel
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn tunnelled(mut stream: TcpStream, port: u16, login: Option<&str>, asked: &Asked) {
    // Byte by byte: what comes after the head is not for the proxy.
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    asked.lock().unwrap().push(head.clone());
    if login.is_some_and(|login| !head.contains(login)) {
        let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"p\"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        let _ = stream.write_all(refusal.as_bytes());
        return;
    }
    if !head.starts_with("CONNECT ") {
        let _ =
            stream.write_all(b"HTTP/1.1 405 X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        return;
    }
    let mut server = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    let (mut from, mut to) = (stream.try_clone().unwrap(), server.try_clone().unwrap());
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
    let _ = std::io::copy(&mut server, &mut stream);
    let _ = stream.shutdown(std::net::Shutdown::Both);
}
