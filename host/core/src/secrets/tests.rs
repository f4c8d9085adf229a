use super::*;

fn ring(key: &str) -> KeyRing {
    KeyRing::new(Key::parse(&key.to_owned().into()), [])
}

const PLACE: Place<'_> = Place { collection: "clusters", document: "1", field: "token" };

#[test]
fn opens_what_it_sealed() {
    let ring = ring("k");
    let sealed = ring.seal(PLACE, &"top secret".to_owned().into()).unwrap();
    assert!(!sealed.contains("top secret"));
    assert_eq!(ring.open(PLACE, &sealed).unwrap().expose_secret(), "top secret");
}

#[test]
fn equal_values_do_not_look_equal() {
    let ring = ring("k");
    let value = "same".to_owned().into();
    assert_ne!(ring.seal(PLACE, &value).unwrap(), ring.seal(PLACE, &value).unwrap());
}

#[test]
fn refuses_another_place() {
    let ring = ring("k");
    let sealed = ring.seal(PLACE, &"x".to_owned().into()).unwrap();
    for other in [
        Place { collection: "registries", ..PLACE },
        Place { document: "2", ..PLACE },
        Place { field: "kubeconfig", ..PLACE },
    ] {
        assert!(ring.open(other, &sealed).is_err());
    }
}

#[test]
fn refuses_tampering_and_another_key() {
    let sealed = ring("k").seal(PLACE, &"x".to_owned().into()).unwrap();
    assert!(ring("other").open(PLACE, &sealed).is_err());
    let cut = &sealed[..sealed.len() - 4];
    assert!(ring("k").open(PLACE, cut).is_err());
    assert!(ring("k").open(PLACE, "v1.zz.!").is_err());
    assert!(ring("k").open(PLACE, "").is_err());
}

#[test]
fn an_older_key_still_opens() {
    let sealed = ring("old").seal(PLACE, &"x".to_owned().into()).unwrap();
    let both =
        KeyRing::new(Key::parse(&"new".to_owned().into()), [Key::parse(&"old".to_owned().into())]);
    assert_eq!(both.open(PLACE, &sealed).unwrap().expose_secret(), "x");
}

#[test]
fn opens_what_the_reference_product_encrypted() {
    // A configured text is taken by its SHA-256, as there.
    let key: [u8; 32] = Sha256::digest(b"an encryption key").into();
    let nonce = [7; NONCE];
    let sealed = Aes256Gcm::new_from_slice(&key).unwrap();
    let sealed = sealed.encrypt(&nonce.into(), b"top secret".as_slice()).unwrap();
    let mut text = BASE64.encode([nonce.as_slice(), &sealed].concat());

    let both = KeyRing::new(
        Key::parse(&"a newer key, with more".to_owned().into()),
        [Key::parse(&"an encryption key".to_owned().into())],
    );
    assert_eq!(both.open(PLACE, &text).unwrap().expose_secret(), "top secret");
    assert!(ring("another key").open(PLACE, &text).is_err());
    text.insert(20, 'A');
    assert!(both.open(PLACE, &text).is_err(), "changed");
    assert!(both.open(PLACE, "").is_err(), "empty");
}
