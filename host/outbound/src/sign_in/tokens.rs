//! What token endpoints answer when they give no token.

use std::error::Error;

use bowsprit_host_core::identity::oauth::ProviderError;
use openidconnect::{ErrorResponse, RequestTokenError};
use serde::Deserialize;

/// An error answer (RFC 6749 §5.2).
#[derive(Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    error_description: Option<String>,
}

/// Sorts a failed exchange. An answer that cannot be read is not repeated: it
/// may hold a token.
pub(super) fn failure<E, R>(error: RequestTokenError<E, R>) -> ProviderError
where
    E: Error + 'static,
    R: ErrorResponse + 'static,
{
    match error {
        RequestTokenError::ServerResponse(answer) => ProviderError::Refused(answer.to_string()),
        RequestTokenError::Request(cause) => ProviderError::Unreachable(cause.to_string()),
        // GitHub refuses with status 200.
        RequestTokenError::Parse(error, body) => match serde_json::from_slice::<Refusal>(&body) {
            Ok(Refusal { error, error_description: Some(words) }) => {
                ProviderError::Refused(format!("{error}: {words}"))
            }
            Ok(Refusal { error, .. }) => ProviderError::Refused(error),
            Err(_) => {
                let path = error.path().to_string();
                ProviderError::Untrusted(format!("its token answer is not as expected at `{path}`"))
            }
        },
        RequestTokenError::Other(problem) => ProviderError::Untrusted(problem),
    }
}

#[cfg(test)]
mod tests {
    use openidconnect::StandardErrorResponse;
    use openidconnect::core::{CoreErrorResponseType, CoreTokenResponse};

    use super::*;
    use crate::client::NoAnswer;

    type Failed = RequestTokenError<NoAnswer, StandardErrorResponse<CoreErrorResponseType>>;

    fn unreadable(body: &str) -> String {
        let mut reader = serde_json::Deserializer::from_str(body);
        let error = serde_path_to_error::deserialize::<_, CoreTokenResponse>(&mut reader);
        let error = error.err().unwrap();
        failure(Failed::Parse(error, body.as_bytes().to_vec())).to_string()
    }

    #[test]
    fn reads_refusals_that_come_with_status_200() {
        let said = unreadable(r#"{"error": "bad_verification_code", "error_description": "old"}"#);
        assert_eq!(said, "refused: bad_verification_code: old");
    }

    #[test]
    fn repeats_nothing_of_an_answer_it_cannot_read() {
        let said = unreadable(r#"{"access_token": "canary", "token_type": ["canary"]}"#);
        assert!(said.contains("`token_type`") && !said.contains("canary"), "{said}");
    }
}
