// SPDX-License-Identifier: Apache-2.0
// OpenSSL's EVP interface behind the names of signature.hpp.
#include "base/signature.hpp"

#include <array>
#include <optional>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/hash.hpp"
#include "base/text.hpp"

namespace rivet::base {
namespace {

constexpr std::size_t kKeyBytes = 32, kSignatureBytes = 64;

using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
using Bio = std::unique_ptr<BIO, int (*)(BIO*)>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)>;

/// OpenSSL would ask the terminal for the password of a key.
int refuse_password(char*, int, int, void*) { return -1; }

std::string hex_of(const unsigned char* bytes, std::size_t size) {
  return to_hex({reinterpret_cast<const char*>(bytes), size});
}

/// The bytes of exactly so many lower-case hex digits.
template <std::size_t size>
std::optional<std::array<unsigned char, size>> from_hex(std::string_view text) {
  if (text.size() != 2 * size || text.find_first_not_of("0123456789abcdef") != text.npos) return std::nullopt;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::array<unsigned char, size> bytes{};
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<unsigned char>(digit(text[2 * i]) * 16 + digit(text[2 * i + 1]));
  }
  return bytes;
}

Bio reader(std::string_view text) { return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free}; }

Result<Key> require_ed25519(Key key, std::string_view what, std::string_view how) {
  if (key && EVP_PKEY_get_id(key.get()) == EVP_PKEY_ED25519) return key;
  return fail(ErrorKind::config, fmt::format("this is no {} Ed25519 key in PEM", what), std::string(how));
}

std::string raw_public_key(const Key& key) {
  std::array<unsigned char, kKeyBytes> bytes{};
  auto size = bytes.size();
  EVP_PKEY_get_raw_public_key(key.get(), bytes.data(), &size);
  return hex_of(bytes.data(), size);
}

Key key_of(const std::string& public_key) {
  const auto bytes = from_hex<kKeyBytes>(public_key);
  return {bytes ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes->data(), bytes->size()) : nullptr,
          EVP_PKEY_free};
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

struct SigningKey::State {
  Key key;
};

SigningKey::SigningKey(std::unique_ptr<State> state) : state_(std::move(state)) {}
SigningKey::~SigningKey() = default;
SigningKey::SigningKey(SigningKey&&) noexcept = default;
SigningKey& SigningKey::operator=(SigningKey&&) noexcept = default;

Result<SigningKey> SigningKey::from_pem(std::string_view pem) {
  Key key(PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, refuse_password, nullptr), EVP_PKEY_free);
  return SigningKey(std::make_unique<State>(State{TRY(require_ed25519(
      std::move(key), "private, unprotected", "make one: openssl genpkey -algorithm ed25519 -out certificate.key"))}));
}

std::string SigningKey::sign(std::string_view bytes) const {
  const DigestContext context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::array<unsigned char, kSignatureBytes> signature{};
  auto size = signature.size();
  EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, state_->key.get());
  EVP_DigestSign(context.get(), signature.data(), &size, bytes_of(bytes), bytes.size());
  return hex_of(signature.data(), size);
}

std::string SigningKey::public_key() const { return raw_public_key(state_->key); }

Result<std::string> public_key_from_pem(std::string_view pem) {
  Key key(PEM_read_bio_PUBKEY(reader(pem).get(), nullptr, refuse_password, nullptr), EVP_PKEY_free);
  return raw_public_key(
      TRY(require_ed25519(std::move(key), "public", "get it from the private one: openssl pkey -in KEY -pubout")));
}

bool is_signed_by(const std::string& public_key, std::string_view bytes, const std::string& signature) {
  const auto key = key_of(public_key);
  const auto raw = from_hex<kSignatureBytes>(signature);
  if (!key || !raw) return false;
  const DigestContext context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  return EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), raw->data(), raw->size(), bytes_of(bytes), bytes.size()) == 1;
}

std::string key_fingerprint(const std::string& public_key) {
  const auto key = key_of(public_key);
  unsigned char* der = nullptr;
  const int size = key ? i2d_PUBKEY(key.get(), &der) : 0;
  if (size <= 0) return {};
  const std::unique_ptr<unsigned char, void (*)(unsigned char*)> owned(der, [](unsigned char* p) { OPENSSL_free(p); });
  return sha256_hex({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
}

}  // namespace rivet::base
