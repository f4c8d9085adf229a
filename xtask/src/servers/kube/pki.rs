//! The cluster's own certificate authority and what it signed.

use std::path::Path;

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};

/// Writes `ca.crt`, `server.{crt,key}` (of all servers), `client.{crt,key}` (an administrator's)
/// and the service-account key pair `account.{pub,key}` into `folder`.
pub(super) fn write(folder: &Path) -> Result<()> {
    let authority = authority()?;
    std::fs::write(folder.join("ca.crt"), authority.pem())?;

    let names =
        ["127.0.0.1", "localhost", "kubernetes.default.svc", "10.96.0.1", super::metrics::HOST];
    let mut server = CertificateParams::new(names.map(str::to_owned))?;
    server.distinguished_name.push(DnType::CommonName, "kube-apiserver");
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    sign(&server, &authority, folder, "server")?;

    let mut client = CertificateParams::new(Vec::new())?;
    client.distinguished_name.push(DnType::CommonName, "certificate-admin");
    client.distinguished_name.push(DnType::OrganizationName, "system:masters");
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    sign(&client, &authority, folder, "client")?;

    let account = KeyPair::generate()?;
    std::fs::write(folder.join("account.pub"), account.public_key_pem())?;
    std::fs::write(folder.join("account.key"), account.serialize_pem())?;
    Ok(())
}

fn authority() -> Result<CertifiedIssuer<'static, KeyPair>> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "bowsprit-test-authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    Ok(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?)
}

fn sign(
    params: &CertificateParams,
    authority: &CertifiedIssuer<'static, KeyPair>,
    folder: &Path,
    name: &str,
) -> Result<()> {
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, authority)?;
    std::fs::write(folder.join(format!("{name}.crt")), certificate.pem())?;
    std::fs::write(folder.join(format!("{name}.key")), key.serialize_pem())?;
    Ok(())
}
