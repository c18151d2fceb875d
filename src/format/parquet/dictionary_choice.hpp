// SPDX-License-Identifier: Apache-2.0
// Which columns repeat enough to be worth a dictionary.
#pragma once

#include <vector>

#include <arrow/chunked_array.h>

namespace rivet::format::parquet {

/// For every column of a first row group whether its values repeat: five rows or more per distinct value.
/// The count of distinct values is an estimate by linear counting (Whang, Vander-Zanden, Taylor 1990) and depends on
/// the values only. Columns of storage types; nested and boolean ones count as repeating.
std::vector<bool> repeating_columns(const arrow::ChunkedArrayVector& columns);

}  // namespace rivet::format::parquet
