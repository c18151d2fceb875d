// SPDX-License-Identifier: Apache-2.0
// How parts are named: run, unit and fencing epoch are in the name, so that a file tells whose it is.
#pragma once

#include <string>
#include <string_view>

namespace rivet::run {

/// `<export>_<YYYYMMDD>_<HHMMSS>_<mmm>_<nonce>_`: what all parts of a run, and of no other, begin with.
std::string run_stem(std::string_view run_id, std::string_view export_name, std::string_view nonce);

/// `<run stem>u<unit>_`: the same for a unit.
std::string unit_stem(std::string_view run_stem, int unit_index);

/// `<unit stem>e<epoch>`: the name of a part of one claim, without `_part<i>` and extension.
std::string claim_stem(std::string_view unit_stem, int epoch);

}  // namespace rivet::run
