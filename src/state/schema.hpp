// SPDX-License-Identifier: Apache-2.0
// The tables of the state store as a list of migrations: one schema for every engine that keeps it.
#pragma once

#include <span>
#include <string_view>

namespace rivet::state {

/// One step of the schema. `tables` keeps to SQL that SQLite and PostgreSQL share, but for `INTEGER PRIMARY KEY`
/// as the row number and BLOB. The listings under the names that users query stand in each dialect; PostgreSQL's
/// give the tables row numbers, which SQLite's have by themselves.
struct Migration {
  int version = 0;
  std::string_view tables;
  std::string_view sqlite_views;
  std::string_view postgres_views;
};

/// All steps, in order, versions rising from 1. Never edited once released: a change is a new step.
std::span<const Migration> migrations();

/// The version that this program writes.
int schema_version();

}  // namespace rivet::state
