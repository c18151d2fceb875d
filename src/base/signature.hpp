// SPDX-License-Identifier: Apache-2.0
// Ed25519 signatures (RFC 8032). Keys come from PEM files as the `openssl` command writes them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace rivet::base {

/// A private key. Immutable; any thread may use it. Its bytes are wiped when it is gone.
class SigningKey {
 public:
  /// From PKCS#8 PEM (`openssl genpkey -algorithm ed25519`). Kind config for anything else; a key that is protected by
  /// a password is refused, nobody is asked for one.
  static Result<SigningKey> from_pem(std::string_view pem);

  ~SigningKey();
  SigningKey(SigningKey&&) noexcept;
  SigningKey& operator=(SigningKey&&) noexcept;

  /// 128 lower-case hex digits.
  std::string sign(std::string_view bytes) const;
  /// 64 lower-case hex digits: the 32 bytes of RFC 8032, section 5.1.5.
  std::string public_key() const;

 private:
  struct State;
  explicit SigningKey(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The public key, as SigningKey::public_key() gives it, in PEM (`openssl pkey -pubout`). Kind config for anything
/// else.
Result<std::string> public_key_from_pem(std::string_view pem);

/// Whether the signature of these bytes was made with the private half of the key. False for texts that are no key or
/// no signature.
bool is_signed_by(const std::string& public_key, std::string_view bytes, const std::string& signature);

/// 64 hex digits by which people compare keys: `openssl pkey -pubin -in KEY -outform DER | sha256sum`. Empty for a text
/// that is no key.
std::string key_fingerprint(const std::string& public_key);

}  // namespace rivet::base
