//! A mail server for one process of the command: takes every mail, and remembers them in order.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A server on a free port of the loopback. It stays until the tests end.
#[derive(Debug, Clone)]
pub(crate) struct Sink {
    port: u16,
    taken: Arc<Mutex<Vec<Mail>>>,
}

/// A mail that was taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mail {
    message_id: String,
    /// Whom the client named to the server.
    pub(crate) recipients: Vec<String>,
    /// Head and body, as they came.
    pub(crate) text: String,
}

impl Sink {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let sink = Self { port: listener.local_addr().unwrap().port(), taken: Arc::default() };
        let taken = Arc::clone(&sink.taken);
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let taken = Arc::clone(&taken);
                // A client that vanishes half-way is what this is for.
                std::thread::spawn(move || converse(&connection, &taken).unwrap_or_default());
            }
        });
        sink
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The Message-IDs of the mails that were taken, in order.
    pub(crate) fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap().iter().map(|mail| mail.message_id.clone()).collect()
    }

    /// The mails that were taken, in order.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.taken.lock().unwrap().clone()
    }
}

fn converse(mut connection: &TcpStream, taken: &Mutex<Vec<Mail>>) -> std::io::Result<()> {
    let mut lines = BufReader::new(connection.try_clone()?).lines();
    let mut say = |answer: &str| connection.write_all(format!("{answer}\r\n").as_bytes());
    say("220 sink")?;
    let mut recipients = Vec::new();
    while let Some(line) = lines.next().transpose()? {
        match line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase().as_str() {
            "DATA" => {
                say("354 go on")?;
                let mut mail = Mail { recipients: std::mem::take(&mut recipients), ..Mail::default() };
                for line in lines.by_ref() {
                    let line = line?;
                    if line == "." {
                        break;
                    }
                    if let Some(id) = line.strip_prefix("Message-ID: ") {
                        id.clone_into(&mut mail.message_id);
                    }
                    mail.text = mail.text + &line + "\n";
                }
                // From here on the mail is the server's: it would be delivered, whatever becomes of the client.
                taken.lock().unwrap().push(mail);
                say("250 taken")?;
            }
            "RCPT" => {
                recipients.push(line.split(['<', '>']).nth(1).unwrap_or_default().to_owned());
                say("250 fine")?;
            }
            "QUIT" => return say("221 bye"),
            _ => say("250 fine")?,
        }
    }
    Ok(())
}
