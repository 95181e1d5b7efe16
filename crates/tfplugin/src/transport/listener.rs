//! Where to listen: a Unix socket that only this user reaches; TCP on the loopback address where
//! there are none.

use std::io;

use tokio::net::TcpListener;

use super::{connection::ByteStream, environment::Environment, handshake::Address};

/// A place where Terraform can connect.
pub(super) enum Listener {
    #[cfg(unix)]
    Unix(unix::SocketInOwnDirectory),
    Tcp(TcpListener),
}

impl Listener {
    /// Binds. A Unix socket that cannot be made (no writable directory) is replaced by TCP when the
    /// connection is `authenticated`: anyone on the machine can reach a port.
    pub(super) fn bind(environment: &Environment, authenticated: bool) -> io::Result<Self> {
        #[cfg(unix)]
        match unix::SocketInOwnDirectory::bind(&environment.socket_dir) {
            Ok(socket) => return Ok(Self::Unix(socket)),
            Err(error) if !authenticated => return Err(error),
            Err(error) => tracing::warn!(%error, "no Unix socket; listening on TCP"),
        }
        let _ = authenticated;
        for port in environment.ports.clone() {
            if let Ok(listener) = std::net::TcpListener::bind(("127.0.0.1", port)) {
                listener.set_nonblocking(true)?;
                return TcpListener::from_std(listener).map(Self::Tcp);
            }
        }
        Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            format!(
                "no free port from {} to {} (PLUGIN_MIN_PORT, PLUGIN_MAX_PORT)",
                environment.ports.start(),
                environment.ports.end()
            ),
        ))
    }

    /// Where Terraform finds it.
    pub(super) fn address(&self) -> io::Result<Address> {
        Ok(match self {
            #[cfg(unix)]
            Self::Unix(socket) => Address {
                network: "unix",
                text: socket.path(),
            },
            Self::Tcp(listener) => Address {
                network: "tcp",
                text: listener.local_addr()?.to_string(),
            },
        })
    }

    /// The next connection.
    pub(super) async fn accept(&self) -> io::Result<Box<dyn ByteStream>> {
        Ok(match self {
            #[cfg(unix)]
            Self::Unix(socket) => Box::new(socket.accept().await?),
            Self::Tcp(listener) => {
                let stream = listener.accept().await?.0;
                // tonic does not do it for streams it did not accept itself, and Nagle's algorithm
                // costs 40 ms per call (pitfall P7).
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
        })
    }
}

#[cfg(unix)]
mod unix {
    use std::{
        fs::DirBuilder,
        hash::{BuildHasher, RandomState},
        io,
        os::unix::fs::DirBuilderExt,
        path::{Path, PathBuf},
    };

    use tokio::net::{UnixListener, UnixStream};

    /// A path longer than this does not fit into a socket address everywhere (macOS: 104 bytes).
    const MAX_PATH_BYTES: usize = 100;

    /// A socket in a fresh directory that only this user may enter (pitfall P7). Both go away with it.
    pub(crate) struct SocketInOwnDirectory {
        listener: UnixListener,
        dir: PathBuf,
    }

    impl SocketInOwnDirectory {
        /// Binds a socket in a new directory under `parent`, or under /tmp if that is too long.
        pub(crate) fn bind(parent: &Path) -> io::Result<Self> {
            let name = format!(
                "plugin-{:016x}",
                RandomState::new().hash_one(std::process::id())
            );
            let mut dir = parent.join(&name);
            if dir.as_os_str().len() > MAX_PATH_BYTES {
                dir = Path::new("/tmp").join(&name);
            }
            // Making it fails if it is there already, whoever made it.
            DirBuilder::new().mode(0o700).create(&dir)?;
            match UnixListener::bind(dir.join("s")) {
                Ok(listener) => Ok(Self { listener, dir }),
                Err(error) => {
                    remove(&dir);
                    Err(error)
                }
            }
        }

        pub(crate) fn path(&self) -> String {
            self.dir.join("s").display().to_string()
        }

        pub(crate) async fn accept(&self) -> io::Result<UnixStream> {
            Ok(self.listener.accept().await?.0)
        }
    }

    impl Drop for SocketInOwnDirectory {
        fn drop(&mut self) {
            remove(&self.dir);
        }
    }

    fn remove(dir: &Path) {
        // Whoever cleans up temporary files may have been faster.
        let _ = std::fs::remove_dir_all(dir);
    }
}
