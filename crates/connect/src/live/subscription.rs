//! Services that send messages to who subscribes: MQTT brokers and WebSocket servers. Each message is one line.

use std::io;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rumqttc::{AsyncClient, Event as MqttEvent, MqttOptions, Packet, QoS, SubscribeReasonCode, Transport};
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::connect_async_with_config;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use url::Url;

use super::{Event, Outlet, Waits, now};

/// How long a connection may say nothing before it is asked whether it is there.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// No message is longer; ships say less.
const MAX_MESSAGE: usize = 1 << 20;
/// Requests that may wait: there is one, the subscription.
const REQUESTS: usize = 4;

fn invalid(url: &str, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("{url}: {why}"))
}

/// What TLS is done with.
fn prepare_tls() {
    // Somebody may have chosen already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// How a broker is connected to.
///
/// # Errors
/// If the address is none.
pub fn options(url: &str, login: Option<(String, String)>) -> io::Result<MqttOptions> {
    let parsed = Url::parse(url).map_err(|error| invalid(url, &error.to_string()))?;
    let host = parsed.host_str().ok_or_else(|| invalid(url, "names no host"))?;
    prepare_tls();
    let (port, transport, address) = match parsed.scheme() {
        "mqtt" => (1_883, Transport::tcp(), host),
        "mqtts" => (8_883, Transport::tls_with_default_config(), host),
        "ws" => (80, Transport::ws(), url),
        "wss" => (443, Transport::wss_with_default_config(), url),
        _ => return Err(invalid(url, "is none of mqtt, mqtts, ws and wss")),
    };
    // Two of one name throw each other out.
    let id = format!("darkwake-{:08x}", std::process::id() as u64 ^ now().0 as u64);
    let mut options = MqttOptions::new(id, address, parsed.port().unwrap_or(port));
    options.set_transport(transport).set_keep_alive(KEEP_ALIVE);
    options.set_max_packet_size(MAX_MESSAGE, MAX_MESSAGE);
    if let Some((user, password)) = login {
        options.set_credentials(user, password);
    }
    Ok(options)
}

/// Subscribes, and again whenever the connection is lost.
pub async fn mqtt(options: MqttOptions, topic: String, outlet: Outlet) {
    let whom = format!("{} {topic}", options.broker_address().0);
    let mut waits = Waits::default();
    for number in 0.. {
        let began = Instant::now();
        let (client, mut events) = AsyncClient::new(options.clone(), REQUESTS);
        let mut is_up = false;
        let why = loop {
            let told = match events.poll().await {
                Ok(MqttEvent::Incoming(Packet::ConnAck(_))) => {
                    match client.try_subscribe(&topic, QoS::AtMostOnce) {
                        Ok(()) => continue,
                        Err(error) => break error.to_string(),
                    }
                }
                Ok(MqttEvent::Incoming(Packet::SubAck(answer))) => {
                    if answer.return_codes.contains(&SubscribeReasonCode::Failure) {
                        break "the subscription is refused".to_owned();
                    }
                    is_up = true;
                    Event::Up(outlet.peer(number), whom.clone())
                }
                Ok(MqttEvent::Incoming(Packet::Publish(message))) => {
                    Event::Bytes(outlet.peer(number), now(), wrapped(&message.topic, &message.payload))
                }
                Ok(MqttEvent::Incoming(_) | MqttEvent::Outgoing(_)) => continue,
                Err(error) => break error.to_string(),
            };
            let length = if let Event::Bytes(_, _, bytes) = &told { bytes.len() } else { 0 };
            if outlet.events.send(told).await.is_err() {
                return;
            }
            sleep(outlet.wait_after(length)).await;
        };
        if !lost(&outlet, number, is_up, format!("{whom}: {why}")).await {
            return;
        }
        sleep(waits.after(began.elapsed())).await;
    }
}

/// A message as lines. An object becomes one line that says what it was published under, for there some brokers name the
/// ship; anything else is taken as it is.
#[must_use]
pub fn wrapped(topic: &str, payload: &[u8]) -> Vec<u8> {
    if !payload.trim_ascii_start().starts_with(b"{") {
        return [payload, b"\n"].concat();
    }
    let topic = serde_json::Value::from(topic).to_string();
    let mut line = format!("{{\"topic\":{topic},\"payload\":").into_bytes();
    line.extend(payload.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }));
    line.extend_from_slice(b"}\n");
    line
}

/// Connects, says what it wants, and reads; and again whenever the connection is lost.
pub async fn websocket(url: String, subscribe: Option<String>, outlet: Outlet) {
    prepare_tls();
    let limits = WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE));
    let mut waits = Waits::default();
    for number in 0.. {
        let began = Instant::now();
        let mut is_up = false;
        let why = match connect_async_with_config(&url, Some(limits), false).await {
            Err(error) => error.to_string(),
            Ok((mut stream, _)) => {
                is_up = true;
                if outlet.events.send(Event::Up(outlet.peer(number), url.clone())).await.is_err() {
                    return;
                }
                let said = match &subscribe {
                    Some(text) => stream.send(Message::text(text.clone())).await,
                    None => Ok(()),
                };
                match said {
                    Err(error) => error.to_string(),
                    Ok(()) => loop {
                        let bytes = match timeout(KEEP_ALIVE, stream.next()).await {
                            Ok(Some(Ok(Message::Text(text)))) => text.as_bytes().to_vec(),
                            Ok(Some(Ok(Message::Binary(bytes)))) => bytes.to_vec(),
                            Ok(Some(Ok(Message::Close(_))) | None) => {
                                break "has closed the connection".to_owned();
                            }
                            Ok(Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)))) => continue,
                            Ok(Some(Err(error))) => break error.to_string(),
                            // Who is gone does not answer, and the next read says so.
                            Err(_) => match stream.send(Message::Ping(Vec::new().into())).await {
                                Ok(()) => continue,
                                Err(error) => break error.to_string(),
                            },
                        };
                        let mut line: Vec<u8> =
                            bytes.into_iter().map(|byte| if byte == b'\n' { b' ' } else { byte }).collect();
                        line.push(b'\n');
                        sleep(outlet.wait_after(line.len())).await;
                        if outlet.events.send(Event::Bytes(outlet.peer(number), now(), line)).await.is_err() {
                            return;
                        }
                    },
                }
            }
        };
        if !lost(&outlet, number, is_up, format!("{url}: {why}")).await {
            return;
        }
        sleep(waits.after(began.elapsed())).await;
    }
}

/// Says that a connection is lost, or was not made. Whether somebody listens.
async fn lost(outlet: &Outlet, number: u32, was_up: bool, why: String) -> bool {
    let event =
        if was_up { Event::Down(outlet.peer(number), why) } else { Event::Trouble(outlet.source, why) };
    outlet.events.send(event).await.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart_and_wrong_ones_refused() {
        let of = |url| options(url, None).unwrap().broker_address();
        assert_eq!(of("mqtt://example.org"), ("example.org".to_owned(), 1_883));
        assert_eq!(of("mqtts://example.org:99"), ("example.org".to_owned(), 99));
        let url = "wss://example.org/mqtt";
        assert_eq!(of(url), (url.to_owned(), 443));
        for wrong in ["example.org", "http://example.org", "mqtt://"] {
            assert!(options(wrong, None).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_message_is_one_line() {
        let line = wrapped("vessels-v2/1/location", b"{\n\"time\":1}");
        assert_eq!(line, b"{\"topic\":\"vessels-v2/1/location\",\"payload\":{ \"time\":1}}\n");
        assert_eq!(wrapped("nmea", b"!AIVDM,1\r\n!AIVDM,2"), b"!AIVDM,1\r\n!AIVDM,2\n");
    }
}
