// SPDX-License-Identifier: Apache-2.0
// xxHash and OpenSSL behind the names of hash.hpp.
#include "base/hash.hpp"

#include <array>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <xxhash.h>

#include "base/text.hpp"

namespace rivet::base {

std::uint64_t xxh3_64(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

std::string xxh3_label(std::uint64_t hash) { return fmt::format("xxh3:{:016x}", hash); }

bool is_xxh3_label(std::string_view text) {
  constexpr std::string_view kLabel = "xxh3:";
  return text.starts_with(kLabel) && text.size() == kLabel.size() + 16 &&
         text.find_first_not_of("0123456789abcdef", kLabel.size()) == std::string_view::npos;
}

FieldHasher& FieldHasher::add(std::string_view field) {
  const std::uint64_t size = field.size();
  for (int shift = 0; shift < 64; shift += 8) bytes_.push_back(static_cast<char>(size >> shift));
  bytes_.append(field);
  return *this;
}

std::string FieldHasher::hex() const { return fmt::format("{:016x}", xxh3_64(bytes_)); }

namespace {

using DigestContext = std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)>;

DigestContext start_digest(const EVP_MD* algorithm) {
  DigestContext context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), algorithm, nullptr);
  return context;
}

/// The digest of everything so far; more may follow.
std::string digest_bytes(const DigestContext& context) {
  const DigestContext copy(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_MD_CTX_copy_ex(copy.get(), context.get());
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_DigestFinal_ex(copy.get(), digest.data(), &size);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

}  // namespace

struct ContentHasher::State {
  std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> xxh3{XXH3_createState(), XXH3_freeState};
  DigestContext md5{nullptr, EVP_MD_CTX_free};
};

ContentHasher::ContentHasher(bool with_md5) : state_(std::make_unique<State>()) {
  XXH3_64bits_reset(state_->xxh3.get());
  if (with_md5) state_->md5 = start_digest(EVP_md5());
}

ContentHasher::~ContentHasher() = default;
ContentHasher::ContentHasher(ContentHasher&&) noexcept = default;
ContentHasher& ContentHasher::operator=(ContentHasher&&) noexcept = default;

void ContentHasher::update(const void* bytes, std::size_t size) {
  XXH3_64bits_update(state_->xxh3.get(), bytes, size);
  if (state_->md5) EVP_DigestUpdate(state_->md5.get(), bytes, size);
}

std::string ContentHasher::xxh3() const { return xxh3_label(XXH3_64bits_digest(state_->xxh3.get())); }

std::string ContentHasher::md5_base64() const {
  if (!state_->md5) return {};
  const auto digest = digest_bytes(state_->md5);
  std::array<unsigned char, 64> text{};
  const int length = EVP_EncodeBlock(text.data(), reinterpret_cast<const unsigned char*>(digest.data()),
                                     static_cast<int>(digest.size()));
  return {reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(length)};
}

struct Sha256::State {
  DigestContext context = start_digest(EVP_sha256());
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(const void* bytes, std::size_t size) { EVP_DigestUpdate(state_->context.get(), bytes, size); }

std::string Sha256::hex() const { return to_hex(digest_bytes(state_->context)); }

std::string sha256_hex(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes.data(), bytes.size());
  return hash.hex();
}

}  // namespace rivet::base
