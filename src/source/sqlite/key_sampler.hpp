// SPDX-License-Identifier: Apache-2.0
// Even cuts through a walk whose length is not known beforehand, in bounded memory.
#pragma once

#include "model/predicate.hpp"

#include <cstdint>
#include <vector>

namespace rivet::source::sqlite {

/// Sees the number of rows up to each distinct key of an ascending walk, and remembers keys at about even distances.
class KeySampler {
 public:
  /// For cuts into `parts`.
  explicit KeySampler(int parts);

  /// Counts `rows` more rows, those of the next key. True when the key is wanted: remember() must follow.
  bool advance(std::int64_t rows);
  void remember(model::KeyValues key);

  /// At most `parts` - 1 of the keys, ascending, so that about equally many rows lie between them; never the last key
  /// of the walk, behind which there would be nothing.
  std::vector<model::KeyValues> points() const;

 private:
  struct Sample {
    std::int64_t rows;  // up to and including the key
    model::KeyValues key;
  };
  void thin_out();

  const int parts_;
  const std::size_t capacity_;
  std::int64_t stride_ = 1;
  std::int64_t rows_ = 0;
  std::int64_t next_ = 1;
  std::vector<Sample> samples_;
};

}  // namespace rivet::source::sqlite
