// SPDX-License-Identifier: Apache-2.0
// The file under the store: first opens, other people's files, damage, kills and full or missing directories.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <random>

#include "state/schema.hpp"
#include "state/sqlite/connection.hpp"
#include "state/store_fixture.hpp"

namespace rivet::state {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

void write_file(const fs::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void run_sql(const fs::path& path, std::string_view sql) {
  auto connection = sqlite::Connection::open(path, 1000);
  ASSERT_TRUE(connection.has_value());
  const auto result = (*connection)->run_script(sql);
  ASSERT_TRUE(result.has_value()) << result.error().to_string();
}

Error open_error(const fs::path& path) {
  const auto store = sqlite::open_sqlite_store(path);
  EXPECT_FALSE(store.has_value()) << "was opened";
  return store.has_value() ? Error{} : store.error();
}

/// Asks everything a store can be asked; errors are fine, crashes are not.
void ask_everything(StateStore& store) {
  store.run("r1").ignore("damage may show anywhere");
  store.unfinished_runs("").ignore("damage");
  store.units("r1").ignore("damage");
  store.live_parts("orders", "out/").ignore("damage");
  store.files({}).ignore("damage");
  store.schema_baseline("orders").ignore("damage");
  store.journals({}).ignore("damage");
  store.metrics({}).ignore("damage");
  store.exports().ignore("damage");
  store.runs({}).ignore("damage");
  store.position("orders").ignore("damage");
  store.recent_keys("orders").ignore("damage");
  store.unique_hashes("r1", "id").ignore("damage");
  store.progression({}).ignore("damage");
  store.known_exports().ignore("damage");
  store.claim("r1", kMe, instant(1), instant(61)).ignore("damage");
  store.apply(start("r9")).ignore("damage");
}

using StoreFileTest = StoreTest;

TEST_F(StoreFileTest, IsCopiedWithoutATrace) {
  const auto scratch = sqlite::open_sqlite_copy(file());
  ASSERT_TRUE(scratch.has_value()) << scratch.error().to_string();
  ASSERT_TRUE((*scratch)->apply(start("r1")).has_value());
  EXPECT_FALSE(store_->run("r1").value().has_value()) << "the copy wrote into the file";
  ASSERT_TRUE(store_->apply(start("r1")).has_value());  // only in the log yet: the store is open
  const auto copy = sqlite::open_sqlite_copy(file());
  ASSERT_TRUE(copy.has_value()) << copy.error().to_string();
  EXPECT_TRUE((*copy)->run("r1").value().has_value());
  store_.reset();
  const auto before = read_file(file());
  ASSERT_TRUE(sqlite::open_sqlite_copy(file()).has_value());
  EXPECT_EQ(read_file(file()), before);
  EXPECT_FALSE(fs::exists(file().string() + "-wal"));
}

TEST_F(StoreFileTest, IsNotMadeByACopy) {
  const auto path = file().parent_path() / "none % ? #.db";
  const auto copy = sqlite::open_sqlite_copy(path);
  ASSERT_TRUE(copy.has_value()) << copy.error().to_string();
  EXPECT_TRUE((*copy)->known_exports().value().empty());
  EXPECT_EQ((*copy)->location(), path.string());
  EXPECT_FALSE(fs::exists(path));
  { ASSERT_TRUE(sqlite::open_sqlite_store(path).has_value()); }
  EXPECT_TRUE(sqlite::open_sqlite_copy(path).has_value()) << "its name is no URI";
}

TEST_F(StoreFileTest, IsNotCopiedWhenItIsNone) {
  const auto path = file().parent_path() / "other.db";
  write_file(path, std::string(5000, 'x'));
  const auto copy = sqlite::open_sqlite_copy(path);
  ASSERT_FALSE(copy.has_value());
  EXPECT_EQ(copy.error().kind, ErrorKind::data);
}

TEST_F(StoreFileTest, KeepsItsSettingsAndSaysWhereItIs) {
  EXPECT_EQ(store_->location(), file().string());
  auto connection = sqlite::Connection::open(file(), 1000);
  EXPECT_EQ((*connection)->ask("PRAGMA journal_mode").value_or(""), "wal");
  EXPECT_EQ((*connection)->ask("SELECT max(version) FROM schema_version").value_or(""),
            std::to_string(schema_version()));
  EXPECT_EQ((*connection)->ask("PRAGMA integrity_check").value_or(""), "ok");
}

TEST_F(StoreFileTest, ANewerVersionIsRefusedAndLeftAlone) {
  store_.reset();
  run_sql(file(), "INSERT INTO schema_version (version) VALUES (9999)");
  const auto before = read_file(file());
  const auto error = open_error(file());
  EXPECT_EQ(error.kind, ErrorKind::data);
  EXPECT_THAT(error.message, HasSubstr("version 9999"));
  EXPECT_THAT(error.message, HasSubstr(file().string()));
  EXPECT_NE(error.hint, "");
  EXPECT_EQ(read_file(file()), before);
}

TEST_F(StoreFileTest, ADatabaseOfAnotherProgramIsRefusedAndLeftAlone) {
  const auto path = directory_ / "other.db";
  run_sql(path, "CREATE TABLE schema_version (version INTEGER); INSERT INTO schema_version VALUES (25)");
  const auto before = read_file(path);
  const auto error = open_error(path);
  EXPECT_EQ(error.kind, ErrorKind::data);
  EXPECT_THAT(error.message, HasSubstr("not a state store"));
  EXPECT_EQ(read_file(path), before);
}

TEST_F(StoreFileTest, TextIsNotADatabase) {
  const auto path = directory_ / "text.db";
  write_file(path, std::string(5000, 'x'));
  const auto error = open_error(path);
  EXPECT_EQ(error.kind, ErrorKind::data);
  EXPECT_THAT(error.message, HasSubstr(path.string()));
  EXPECT_NE(error.hint, "");
}

TEST_F(StoreFileTest, AnEmptyFileBecomesAStore) {
  const auto path = directory_ / "empty.db";
  write_file(path, "");
  EXPECT_TRUE(sqlite::open_sqlite_store(path).has_value());
}

TEST_F(StoreFileTest, AMissingDirectoryIsAConfigErrorWithAHint) {
  const auto error = open_error(directory_ / "nowhere/state.db");
  EXPECT_EQ(error.kind, ErrorKind::config);
  EXPECT_NE(error.hint, "");
}

TEST_F(StoreFileTest, WhatCannotBeWrittenIsPermanentWithAHint) {
  fs::create_directory(directory_ / "folder.db");
  for (const auto& path : {directory_ / "folder.db", fs::path("/proc/state.db")}) {
    const auto error = open_error(path);
    EXPECT_EQ(error.kind, ErrorKind::permanent) << path;
    EXPECT_NE(error.hint, "") << path;
  }
}

TEST_F(StoreFileTest, SpecialNamesOfSqliteAreOrdinaryFiles) {
  const auto before = fs::current_path();
  fs::current_path(directory_.path());
  for (const auto* name : {":memory:", "file:x?mode=memory"}) {
    EXPECT_TRUE(sqlite::open_sqlite_store(name).has_value());
    EXPECT_TRUE(fs::exists(directory_ / name)) << name;
  }
  fs::current_path(before);
}

/// Runs `work` in `count` children that begin together; returns how many ended with success.
template <class Work>
int in_children(int count, Work work) {
  int gate[2];
  EXPECT_EQ(pipe(gate), 0);
  std::vector<pid_t> children;
  for (int i = 0; i < count; ++i) {
    const auto child = fork();
    if (child == 0) {
      close(gate[1]);
      char byte;
      [[maybe_unused]] const auto opened = read(gate[0], &byte, 1);  // ends when the parent closes its end
      _exit(work(i) ? 0 : 1);
    }
    children.push_back(child);
  }
  close(gate[0]);
  close(gate[1]);
  int succeeded = 0;
  for (const auto child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    succeeded += WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  return succeeded;
}

TEST_F(StoreFileTest, EightProcessesMayOpenItFirst) {
  store_.reset();
  for (int round = 0; round < 5; ++round) {
    const auto path = directory_ / ("first" + std::to_string(round) + ".db");
    const auto opens_and_writes = [&](int i) {
      auto store = sqlite::open_sqlite_store(path);
      if (!store.has_value()) return false;
      auto update = start("r" + std::to_string(i));
      update.export_name = "export" + std::to_string(i);
      return (*store)->apply(update).has_value();
    };
    EXPECT_EQ(in_children(8, opens_and_writes), 8);
    const auto store = sqlite::open_sqlite_store(path);
    ASSERT_TRUE(store.has_value());
    EXPECT_EQ((*store)->unfinished_runs("")->size(), 8u);
  }
}

TEST_F(StoreFileTest, OfEightProcessesOneStartsTheRun) {
  store_.reset();  // an open connection must not cross a fork
  EXPECT_EQ(in_children(8,
                        [&](int i) {
                          auto store = sqlite::open_sqlite_store(file());
                          return store.has_value() && (*store)->apply(start("r" + std::to_string(i))).has_value();
                        }),
            1);
}

TEST_F(StoreFileTest, ACopyTakenMidWayOpensAndHoldsWhatWasCommitted) {
  must(start("r1"));
  must(commit("r1", must_claim("r1")));
  must(JournalAppended{"r1", "orders", {.recorded_at = instant(1), .event = model::journal::Warning{"c", "m"}}});
  fs::copy_file(file(), directory_ / "copy.db");
  fs::copy_file(file().string() + "-wal", directory_ / "copy.db-wal");
  const auto copy = sqlite::open_sqlite_store(directory_ / "copy.db");
  ASSERT_TRUE(copy.has_value()) << copy.error().to_string();
  EXPECT_EQ((*copy)->units("r1")->at(0).status, model::UnitStatus::completed);
  EXPECT_EQ((*copy)->journals({})->at(0).entries.size(), 1u);
}

/// Whatever is there, is there as a whole: no completed unit without its part, no part without its unit.
void expect_whole(StateStore& store) {
  const auto units = store.units("r1");
  const auto files = store.files({.limit = 0});
  ASSERT_TRUE(units.has_value() && files.has_value());
  const auto completed = std::count_if(units->begin(), units->end(),
                                       [](const auto& unit) { return unit.status == model::UnitStatus::completed; });
  EXPECT_EQ(static_cast<std::size_t>(completed), files->size());
  const auto run = store.run("r1");
  ASSERT_TRUE(run.has_value());
  const bool sealed_now = run->has_value() && (*run)->stage == RunStage::sealed;
  EXPECT_EQ(store.live_parts("orders", "out/")->size(), sealed_now ? units->size() : 0u);
}

TEST_F(StoreFileTest, AnyPrefixOfTheLogIsAConsistentState) {
  must(start("r1", 4));
  for (int i = 0; i < 4; ++i) must(commit("r1", must_claim("r1")));
  must(RunSealed{.run_id = "r1", .owner = kMe, .append = false, .at = instant(9)});
  const auto database = read_file(file()), log = read_file(file().string() + "-wal");
  ASSERT_GT(log.size(), 10'000u);
  std::mt19937 random(3);
  for (int round = 0; round < 60; ++round) {
    const auto path = directory_ / "torn.db";
    write_file(path, database);
    write_file(path.string() + "-wal", std::string_view(log).substr(0, random() % log.size()));
    const auto store = sqlite::open_sqlite_store(path);
    ASSERT_TRUE(store.has_value()) << store.error().to_string();
    expect_whole(**store);
    for (const auto* suffix : {"", "-wal", "-shm"}) fs::remove(path.string() + suffix);
  }
}

/// A child that claims and commits units of r1 and writes a byte to `progress` after each.
[[noreturn]] void commit_units_until_killed(const fs::path& path, int progress) {
  auto store = sqlite::open_sqlite_store(path);
  while (store.has_value()) {
    const auto claim = (*store)->claim("r1", kMe, instant(1), instant(61));
    if (!claim.has_value() || !claim->has_value()) break;
    (*store)->apply(commit("r1", **claim)).ignore("killed anywhere");
    [[maybe_unused]] const auto written = write(progress, "x", 1);
  }
  _exit(0);
}

/// Kills such a child after `commits` of its commits; returns how it ended.
int kill_after(const fs::path& path, int commits) {
  int progress[2];
  EXPECT_EQ(pipe(progress), 0);
  const auto child = fork();
  if (child == 0) commit_units_until_killed(path, progress[1]);
  close(progress[1]);
  for (char byte; commits > 0 && read(progress[0], &byte, 1) == 1; --commits) {
  }
  kill(child, SIGKILL);
  close(progress[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

TEST_F(StoreFileTest, AKilledProcessLeavesAStateToGoOnWith) {
  constexpr int kUnits = 300;
  must(start("r1", kUnits));
  store_.reset();
  for (int round = 0; round < 8; ++round) {
    const int status = kill_after(file(), 3 * round);
    EXPECT_TRUE(WIFSIGNALED(status));
    store_ = open();
    expect_whole(*store_);
    must(RunTakenOver{
        .run_id = "r1", .owner = kMe, .previous_owner = kMe, .at = instant(100), .lease_until = instant(60)});
    for (const auto& unit : units("r1")) EXPECT_NE(unit.status, model::UnitStatus::running);
    EXPECT_GE(store_->files({.limit = 0})->size(), static_cast<std::size_t>(3 * round));
    store_.reset();
  }
  store_ = open();
  complete("r1");
  must(RunSealed{.run_id = "r1", .owner = kMe, .append = false, .at = instant(9)});
  EXPECT_EQ(live_paths().size(), static_cast<std::size_t>(kUnits));
}

TEST_F(StoreFileTest, RandomBytesAreAnErrorOrAStoreNeverACrash) {
  std::mt19937 random(5);
  for (int round = 0; round < 150; ++round) {
    std::string bytes(random() % 9000 + 1, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    if (round % 2 == 0) bytes.replace(0, 16, std::string_view("SQLite format 3\0", 16));
    const auto path = directory_ / "random.db";
    write_file(path, bytes);
    const auto store = sqlite::open_sqlite_store(path);
    if (store.has_value()) ask_everything(**store);
    for (const auto* suffix : {"", "-wal", "-shm", "-journal"}) fs::remove(path.string() + suffix);
  }
}

TEST_F(StoreFileTest, DamagedStoresAreAnErrorOrAStoreNeverACrash) {
  sealed("r1");
  must(JournalAppended{"r1", "orders", {.recorded_at = instant(1), .event = model::journal::Warning{"c", "m"}}});
  must(RunPublished{.run_id = "r1", .columns = {}, .at = instant(11)});
  must(start("r2", 50));
  store_.reset();  // the log is folded into the file
  const auto good = read_file(file());
  std::mt19937 random(9);
  int opened = 0;
  for (int round = 0; round < 120; ++round) {
    auto bytes = good;
    for (auto changes = random() % 40 + 1; changes > 0; --changes)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    if (round % 5 == 0) bytes.resize(random() % bytes.size());
    const auto path = directory_ / "damaged.db";
    write_file(path, bytes);
    const auto store = sqlite::open_sqlite_store(path);
    if (store.has_value()) {
      ++opened;
      ask_everything(**store);
    }
    for (const auto* suffix : {"", "-wal", "-shm", "-journal"}) fs::remove(path.string() + suffix);
  }
  EXPECT_GT(opened, 0);
}

TEST_F(StoreFileTest, ARowOfAnotherVersionIsADataErrorThatNamesTheFile) {
  must(start("r1"));
  run_sql(file(), "UPDATE unit SET predicate = 'hexagon'");
  const auto units = store_->units("r1");
  ASSERT_FALSE(units.has_value());
  EXPECT_EQ(units.error().kind, ErrorKind::data);
  EXPECT_THAT(units.error().message, HasSubstr(file().string()));
  EXPECT_EQ(store_->claim("r1", kMe, instant(1), instant(61)).error().kind, ErrorKind::data);
}

TEST_F(StoreFileTest, AFingerprintThatIsNoneIsADataErrorRatherThanPublished) {
  must(start("r1"));
  must(commit("r1", must_claim("r1")));
  for (const auto* odd : {"", "xxh3:", "xxh3:0123456789abcdeF", "md5:0123456789abcdef", "xxh3:0123456789abcdef0"}) {
    run_sql(file(), std::string("UPDATE part SET fingerprint = '") + odd + "'");
    const auto files = store_->files({});
    ASSERT_FALSE(files.has_value()) << odd;
    EXPECT_EQ(files.error().kind, ErrorKind::data);
  }
}

TEST_F(StoreFileTest, ALockedFileIsUnavailableAndARefusedUpdateReleasesItsLock) {
  must(start("r1"));
  EXPECT_EQ(refused(start("r2")).kind, ErrorKind::conflict);
  auto other = sqlite::Connection::open(file(), 50);
  auto holder = sqlite::Connection::open(file(), 50);
  {
    const auto lock = (*holder)->begin_write();
    ASSERT_TRUE(lock.has_value()) << lock.error().to_string();
    const auto second = (*other)->begin_write();
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(second.error().vendor_code, "SQLITE_BUSY");
    EXPECT_TRUE(store_->run("r1").has_value());  // readers do not wait
  }
  EXPECT_TRUE((*other)->begin_write().has_value());
}

}  // namespace
}  // namespace rivet::state
