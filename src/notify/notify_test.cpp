// SPDX-License-Identifier: Apache-2.0
// What is told, to whom, and that nothing of it is a secret or a reason to fail.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "notify/documents.hpp"
#include "notify/send.hpp"
#include "report/testing.hpp"

namespace rivet::notify {
namespace {

using config::Occasion;
using report::testing::failure;
using report::testing::success;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const Place kPlace{.host = "db7", .config_path = "shop.yaml"};

report::RunOutcome partition(const std::string& day, report::RunOutcome run) {
  run.export_name = "orders__" + day;
  run.run_id = run.export_name + "_1";
  return run;
}

nlohmann::ordered_json attachment_of(const Event& event) {
  return slack_document(event, kPlace).at("attachments").at(0);
}

// -- occasions

TEST(Event, OfAFailedRunIsAFailureAndNeverASuccess) {
  auto run = failure();
  run.retries = 3;
  EXPECT_THAT(make_event("orders", {run}).occasions, ElementsAre(Occasion::failure));
  run.status = "interrupted";
  EXPECT_THAT(make_event("orders", {run}).occasions, ElementsAre(Occasion::failure));
}

TEST(Event, OfACleanRunIsASuccess) {
  EXPECT_THAT(make_event("orders", {success()}).occasions, ElementsAre(Occasion::success));
  auto skipped = success();
  skipped.status = "skipped";
  EXPECT_THAT(make_event("orders", {skipped}).occasions, ElementsAre(Occasion::success));
}

TEST(Event, OfARunThatSucceededWithDifficultyIsDegraded) {
  auto took_over = success(), retried = success(), warned = success();
  took_over.took_over = true;
  retried.retries = 2;
  warned.warnings = {"2.0 times slower than the previous run"};
  for (const auto& [run, reason] :
       {std::pair{took_over, "process that had died"}, {retried, "2 retries"}, {warned, "slower"}}) {
    const auto event = make_event("orders", {run});
    EXPECT_THAT(event.occasions, ElementsAre(Occasion::degraded, Occasion::success));
    EXPECT_THAT(event.degraded, ElementsAre(HasSubstr(reason)));
  }
}

TEST(Event, OfAChangedSchemaIsNotDegradedByTheWarningAboutIt) {
  auto run = success();
  run.schema_changed = true;
  run.schema_changes = {"added column x"};
  run.warnings = {"the schema changed since the last run: added column x"};
  EXPECT_THAT(make_event("orders", {run}).occasions, ElementsAre(Occasion::schema_change, Occasion::success));
  run.status = "failed";
  EXPECT_THAT(make_event("orders", {run}).occasions, ElementsAre(Occasion::failure, Occasion::schema_change));
}

TEST(Event, PlanWarningsAreToldButDegradeNothing) {
  auto run = success();
  run.plan_warnings = {{"no_pacing", "throttle_ms has no effect"}};
  const auto event = make_event("orders", {run});
  EXPECT_THAT(event.occasions, ElementsAre(Occasion::success));
  EXPECT_THAT(warnings_of(event), ElementsAre("throttle_ms has no effect (no_pacing)"));
}

TEST(Event, OfPartitionsTellsTheGravestAndSumsTheRest) {
  auto drifted = failure();
  drifted.error->kind = ErrorKind::data;
  const auto event = make_event("orders", {partition("2026-11-01", success()), partition("2026-11-02", failure()),
                                           partition("2026-11-03", drifted)});
  EXPECT_EQ(event.status, "failed");
  EXPECT_EQ(event.telling_run().run_id, "orders__2026-11-03_1");
  EXPECT_EQ(sum(event).rows, 3 * 950'000);
  EXPECT_EQ(sum(event).files, 30);
}

// -- documents

TEST(SlackDocument, HasOneAttachmentWithTheRunInItsTitle) {
  const auto attachment = attachment_of(make_event("orders", {failure()}));
  EXPECT_EQ(attachment.at("color"), "danger");
  EXPECT_EQ(attachment.at("title"), "rivet: orders failed (run orders_20261121T002033.716)");
  const auto text = attachment.at("text").get<std::string>();
  EXPECT_THAT(text, HasSubstr("950,000 rows, 10 files, 10.5 MB in 3.7s"));
  EXPECT_THAT(text, HasSubstr("error: [RIVET_SOURCE_STATEMENT_TIMEOUT] the server closed the connection"));
  EXPECT_THAT(text, HasSubstr("resume: rivet run -c pilot.yaml -e orders --resume"));
  EXPECT_EQ(attachment.at("footer"), "rivet " RIVET_VERSION " on db7, shop.yaml");
}

TEST(SlackDocument, ShowsMarkupAsText) {
  auto run = failure();
  run.error->message = "a < b && <!channel> > c";
  EXPECT_THAT(attachment_of(make_event("<orders>", {run})).at("text").get<std::string>(),
              HasSubstr("a &lt; b &amp;&amp; &lt;!channel&gt; &gt; c"));
  EXPECT_THAT(attachment_of(make_event("<orders>", {run})).at("title").get<std::string>(), HasSubstr("&lt;orders&gt;"));
}

TEST(SlackDocument, StaysShortWhateverThereIsToSay) {
  auto run = success();
  run.warnings.assign(1, std::string(100'000, 'x'));
  for (int i = 0; i < 1'000; ++i) run.warnings.push_back("warning number " + std::to_string(i));
  const auto text = attachment_of(make_event("orders", {run})).at("text").get<std::string>();
  EXPECT_LT(text.size(), 8'000U);
  EXPECT_THAT(text, HasSubstr("and 991 more"));
}

TEST(WebhookDocument, HasEveryFieldThatIsPromised) {
  const auto document = webhook_document(make_event("orders", {failure()}), kPlace);
  EXPECT_EQ(document.at("version"), 1);
  EXPECT_EQ(document.at("event"), "failure");
  EXPECT_EQ(document.at("export"), "orders");
  EXPECT_EQ(document.at("run_id"), "orders_20261121T002033.716");
  EXPECT_EQ(document.at("status"), "failed");
  EXPECT_EQ(document.at("rows"), 950'000);
  EXPECT_EQ(document.at("files"), 10);
  EXPECT_EQ(document.at("bytes"), 11'049'347);
  EXPECT_EQ(document.at("duration_ms"), 3'739);
  EXPECT_EQ(document.at("started_at"), "2026-11-21T00:20:33.716808+00:00");
  EXPECT_EQ(document.at("error").at("code"), "RIVET_SOURCE_STATEMENT_TIMEOUT");
  EXPECT_EQ(document.at("error").at("kind"), "unavailable");
  EXPECT_EQ(document.at("error").at("hint"), "run again");
  EXPECT_EQ(document.at("partitions"), nullptr);
  EXPECT_EQ(document.at("host"), "db7");
  EXPECT_EQ(document.at("config_path"), "shop.yaml");
  EXPECT_EQ(document.at("rivet_version"), RIVET_VERSION);
}

TEST(WebhookDocument, ListsPartitions) {
  const auto document = webhook_document(
      make_event("orders", {partition("2026-11-01", success()), partition("2026-11-02", failure())}), kPlace);
  EXPECT_EQ(document.at("export"), "orders");
  EXPECT_EQ(document.at("rows"), 2 * 950'000);
  ASSERT_EQ(document.at("partitions").size(), 2U);
  EXPECT_EQ(document.at("partitions").at(0).at("name"), "orders__2026-11-01");
  EXPECT_EQ(document.at("partitions").at(1).at("status"), "failed");
  const auto one = webhook_document(make_event("orders", {partition("2026-11-01", success())}), kPlace);
  EXPECT_EQ(one.at("partitions").size(), 1U);
}

// -- sending

struct Receivers {
  std::vector<Post> sent = {};
  std::vector<Error> answers = {};  ///< for the first posts; the later ones succeed

  Sender sender() {
    return [this](const Post& request) -> Result<void> {
      sent.push_back(request);
      if (sent.size() > answers.size()) return {};
      return fail(answers[sent.size() - 1]);
    };
  }
};

config::Notifications slack_on(std::vector<Occasion> on) {
  return {.slack = config::Slack{.url = "https://hooks/x", .on = std::move(on)}, .webhook = std::nullopt};
}

TEST(SendAll, SendsOneMessageForEachEventThatIsWanted) {
  Receivers receivers;
  const std::vector events{make_event("a", {success()}), make_event("b", {failure()})};
  const base::Redactor redactor;
  EXPECT_TRUE(send_all(slack_on({Occasion::failure}), events, kPlace, redactor, receivers.sender()).empty());
  ASSERT_EQ(receivers.sent.size(), 1U);
  EXPECT_THAT(receivers.sent[0].body, HasSubstr("rivet: b failed"));
  send_all(slack_on({Occasion::schema_change, Occasion::degraded}), events, kPlace, redactor, receivers.sender());
  EXPECT_EQ(receivers.sent.size(), 1U);
}

TEST(SendAll, RedactsWhatItSends) {
  Receivers receivers;
  base::Redactor redactor;
  redactor.remember("hunter2");
  auto run = failure();
  run.error->message = "login with hunter2 failed";
  const config::Notifications both{
      .slack = config::Slack{.url = "https://hooks/x", .on = {Occasion::failure}},
      .webhook =
          config::Webhook{.url = "https://own/y", .on = {Occasion::failure}, .headers = {{"Authorization", "z"}}}};
  send_all(both, {make_event("a", {run})}, kPlace, redactor, receivers.sender());
  ASSERT_EQ(receivers.sent.size(), 2U);
  for (const auto& request : receivers.sent) {
    EXPECT_THAT(request.body, HasSubstr("login with *** failed"));
    EXPECT_EQ(request.timeout, std::chrono::seconds(10));
  }
  EXPECT_TRUE(receivers.sent[0].headers.empty());
  EXPECT_EQ(receivers.sent[1].headers.at("Authorization"), "z");
}

TEST(SendAll, GoesOnAfterARefusalAndGivesUpAfterSilence) {
  const std::vector events{make_event("a", {failure()}), make_event("b", {failure()}), make_event("c", {failure()})};
  const base::Redactor redactor;
  Receivers refusing{.answers = {{.kind = ErrorKind::permanent, .message = "the server answered 500"}}};
  const auto one = send_all(slack_on({Occasion::failure}), events, kPlace, redactor, refusing.sender());
  EXPECT_THAT(one, ElementsAre("notification of export 'a' to Slack was not sent: the server answered 500"));
  EXPECT_EQ(refusing.sent.size(), 3U);
  Receivers silent{.answers = {{.kind = ErrorKind::unavailable, .message = "timeout"}}};
  EXPECT_THAT(send_all(slack_on({Occasion::failure}), events, kPlace, redactor, silent.sender()),
              ElementsAre(HasSubstr("2 more to Slack not tried")));
  EXPECT_EQ(silent.sent.size(), 1U);
}

}  // namespace
}  // namespace rivet::notify
