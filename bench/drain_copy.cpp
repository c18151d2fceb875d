// SPDX-License-Identifier: Apache-2.0
// The yardstick of the benchmark: COPY (SELECT * FROM table) TO STDOUT (FORMAT binary), every row dropped on arrival.
#include <libpq-fe.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

namespace {

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using Answer = std::unique_ptr<PGresult, decltype(&PQclear)>;

/// Reports what the server said last and gives the exit code of a failed run.
int fail(PGconn* connection, const char* doing) {
  std::fprintf(stderr, "drain_copy: %s: %s", doing, PQerrorMessage(connection));
  return 1;
}

struct Drained {
  long long rows = 0;
  long long bytes = 0;
};

/// Takes every CopyData message and frees it; -2 in `status` means that the stream broke.
Drained drain(PGconn* connection, int& status) {
  Drained total;
  char* row = nullptr;
  while ((status = PQgetCopyData(connection, &row, 0)) > 0) {
    total.bytes += status;
    ++total.rows;
    PQfreemem(row);
  }
  return total;
}

int copy_out(PGconn* connection, const std::string& table) {
  const std::string statement = "COPY (SELECT * FROM " + table + ") TO STDOUT (FORMAT binary)";
  Answer begun{PQexec(connection, statement.c_str()), &PQclear};
  if (PQresultStatus(begun.get()) != PGRES_COPY_OUT) return fail(connection, "COPY refused");
  int status = 0;
  const Drained total = drain(connection, status);
  if (status == -2) return fail(connection, "COPY broke off");
  Answer ended{PQgetResult(connection), &PQclear};
  if (PQresultStatus(ended.get()) != PGRES_COMMAND_OK) return fail(connection, "COPY did not complete");
  std::printf("%lld messages, %lld bytes, %s\n", total.rows, total.bytes, PQcmdStatus(ended.get()));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: drain_copy CONNINFO TABLE\n");
    return 2;
  }
  Connection connection{PQconnectdb(argv[1]), &PQfinish};
  if (PQstatus(connection.get()) != CONNECTION_OK) return fail(connection.get(), "connection refused");
  return copy_out(connection.get(), argv[2]);
}
