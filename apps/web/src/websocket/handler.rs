use super::Handshake;
use crate::{Error, FromHead, IntoResponse, RequestHead};
use std::future::Future;

/// A function that serves WebSockets: an `async fn` whose arguments are [`FromHead`], but for the last, which is the
/// [`Handshake`]. An argument that cannot be made denies the handshake, with its rejection as the response.
pub trait SocketHandler<M>: Send + Sync + 'static {
    /// Serves a WebSocket.
    fn handle(&self, head: RequestHead, handshake: Handshake) -> impl Future<Output = Result<(), Error>> + Send;
}

macro_rules! handlers {
    ($($head:ident)*) => {
        #[allow(non_snake_case)]
        impl<F, Fut, $($head,)*> SocketHandler<($($head,)*)> for F
        where
            F: Fn($($head,)* Handshake) -> Fut + Send + Sync + 'static,
            Fut: Future<Output = Result<(), Error>> + Send,
            $($head: FromHead,)*
        {
            #[allow(unused_mut, unused_variables)]
            async fn handle(&self, mut head: RequestHead, handshake: Handshake) -> Result<(), Error> {
                $(let $head = match $head::from_head(&mut head).await {
                    Ok(argument) => argument,
                    Err(rejection) => return handshake.deny(rejection.into_response()).await,
                };)*
                self($($head,)* handshake).await
            }
        }
    };
}

each_arity!(handlers);
