// SPDX-License-Identifier: Apache-2.0
// Every stride-th row's key, the stride doubled whenever there are too many of them.
#include "source/sqlite/key_sampler.hpp"

#include <algorithm>
#include <utility>

namespace rivet::source::sqlite {
namespace {

constexpr std::size_t kLeastSamples = 2'048;
constexpr std::size_t kSamplesPerPart = 16;

}  // namespace

KeySampler::KeySampler(int parts)
    : parts_(std::max(parts, 1)),
      capacity_(std::max(kLeastSamples, kSamplesPerPart * static_cast<std::size_t>(parts_))) {}

bool KeySampler::advance(std::int64_t rows) {
  rows_ += rows;
  return rows_ >= next_;
}

void KeySampler::remember(model::KeyValues key) {
  samples_.push_back({rows_, std::move(key)});
  next_ = (rows_ / stride_ + 1) * stride_;
  if (samples_.size() >= capacity_) thin_out();
}

void KeySampler::thin_out() {
  stride_ *= 2;
  std::int64_t next = stride_;
  std::erase_if(samples_, [&](const Sample& sample) {
    if (sample.rows < next) return true;
    next = (sample.rows / stride_ + 1) * stride_;
    return false;
  });
  next_ = (rows_ / stride_ + 1) * stride_;
}

std::vector<model::KeyValues> KeySampler::points() const {
  std::vector<model::KeyValues> out;
  auto from = samples_.begin();
  for (int i = 1; i < parts_; ++i) {
    const auto wanted = static_cast<std::int64_t>(static_cast<__int128>(rows_) * i / parts_);
    const auto at = std::lower_bound(from, samples_.end(), wanted,
                                     [](const Sample& sample, std::int64_t rows) { return sample.rows < rows; });
    if (at == samples_.end() || at->rows == rows_) break;
    out.push_back(at->key);
    from = at + 1;
  }
  return out;
}

}  // namespace rivet::source::sqlite
