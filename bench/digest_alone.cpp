// SPDX-License-Identifier: Apache-2.0
// What digests cost: the CPU seconds of one thread that digests the rows of an output once more, and nothing else.
#include <ctime>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include <arrow/io/file.h>

#include "batch/digest.hpp"
#include "format/parquet/format.hpp"
#include "model/manifest.hpp"

namespace {

using rivet::Result;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

Result<double> digest_part(const rivet::format::Format& format, const rivet::model::Columns& columns,
                           const std::string& path, const rivet::model::Digest& stated) {
  auto file = arrow::io::ReadableFile::Open(path);
  if (!file.ok()) return rivet::fail(rivet::ErrorKind::permanent, file.status().ToString());
  auto decoder = TRY(format.decoder(columns, *file));
  rivet::batch::Digester digester(columns);
  double seconds = 0;
  while (auto rows = TRY(decoder->next())) {
    const auto began = cpu_seconds();
    digester.add(**rows);
    seconds += cpu_seconds() - began;
  }
  if (!(digester.take() == stated)) return rivet::fail(rivet::ErrorKind::data, path + " has another digest");
  return seconds;
}

Result<double> digest_all(const std::string& folder, const std::string& export_name) {
  const auto manifest =
      TRY(rivet::model::manifest_from_json_text(text_of(folder + "/" + rivet::model::manifest_key(export_name))));
  const auto format = TRY(rivet::format::parquet::make_parquet_format({}));
  double seconds = 0;
  for (const auto& listed : manifest.parts) {
    seconds += TRY(digest_part(*format, manifest.columns, folder + "/" + listed.part.path, listed.part.digest));
  }
  return seconds;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: digest_alone FOLDER EXPORT\n");
    return 2;
  }
  const auto seconds = digest_all(argv[1], argv[2]);
  if (!seconds) {
    std::fprintf(stderr, "digest_alone: %s\n", seconds.error().to_string().c_str());
    return 1;
  }
  std::printf("%.4f\n", *seconds);
  return 0;
}
