// SPDX-License-Identifier: Apache-2.0
// Big-endian reads of the wire. REQUIRES everywhere: enough bytes behind the pointer.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace rivet::source::postgres::wire {

inline std::uint16_t read_u16(const char* bytes) {
  std::uint16_t value;
  std::memcpy(&value, bytes, sizeof value);
  return __builtin_bswap16(value);
}
inline std::uint32_t read_u32(const char* bytes) {
  std::uint32_t value;
  std::memcpy(&value, bytes, sizeof value);
  return __builtin_bswap32(value);
}
inline std::uint64_t read_u64(const char* bytes) {
  std::uint64_t value;
  std::memcpy(&value, bytes, sizeof value);
  return __builtin_bswap64(value);
}
inline std::int16_t read_i16(const char* bytes) { return static_cast<std::int16_t>(read_u16(bytes)); }
inline std::int32_t read_i32(const char* bytes) { return static_cast<std::int32_t>(read_u32(bytes)); }
inline std::int64_t read_i64(const char* bytes) { return static_cast<std::int64_t>(read_u64(bytes)); }
inline float read_f32(const char* bytes) { return std::bit_cast<float>(read_u32(bytes)); }
inline double read_f64(const char* bytes) { return std::bit_cast<double>(read_u64(bytes)); }

}  // namespace rivet::source::postgres::wire
