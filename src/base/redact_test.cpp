// SPDX-License-Identifier: Apache-2.0
// What must never be seen, what must stay readable, and that no text is too long or too odd.
#include "base/redact.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace rivet::base {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::chrono::seconds kSoon{120};  // quadratic work on a megabyte takes hours; sanitizers are slow

std::string clean(std::string_view text, const std::vector<std::string>& secrets = {}) {
  Redactor redactor;
  for (const auto& secret : secrets) redactor.remember(secret);
  return redactor.clean(text);
}

std::string repeated(std::string_view unit, std::size_t bytes) {
  std::string out;
  out.reserve(bytes + unit.size());
  while (out.size() < bytes) out += unit;
  return out;
}

struct Case {
  std::string text, expected;
};

void expect_all(const std::vector<Case>& cases) {
  for (const auto& [text, expected] : cases) EXPECT_EQ(clean(text), expected) << text;
}

// -- remembered secrets

TEST(Redactor, LeavesTextWithoutSecretsAsItIs) {
  for (const std::string text : {"", "a", "1,000 rows = 5 MB (100%)", "s3://bucket/prefix/", "grüße 🚲", "a\0b", "%",
                                 "%4", "%zz", "=", "://", "@", "a@b.example", "x = 'y'"}) {
    EXPECT_EQ(clean(text, {"hunter2"}), text);
  }
}

TEST(Redactor, MasksEveryOccurrence) {
  EXPECT_EQ(clean("hunter2 and hunter2hunter2!", {"hunter2"}), "*** and ******!");
}

TEST(Redactor, IgnoresEmptySecrets) { EXPECT_EQ(clean("abc", {""}), "abc"); }

TEST(Redactor, KeepsNulBytes) {
  EXPECT_EQ(clean(std::string("a\0geheim\0b", 10), {"geheim"}), std::string("a\0***\0b", 7));
}

TEST(Redactor, MasksALongerSecretWhole) {
  for (const auto& secrets : {std::vector<std::string>{"pass", "password1"}, {"password1", "pass"}}) {
    EXPECT_EQ(clean("x password1 y pass z", secrets), "x *** y *** z");
  }
}

TEST(Redactor, OverlappingSecretsLeaveNoTail) {
  EXPECT_EQ(clean("<abcdefgh>", {"abcdef", "cdefgh"}), "<***>");
  EXPECT_EQ(clean("<aaaaaaa>", {"aaaa"}), "<***>");
  EXPECT_EQ(clean("<abababababa>", {"ababa"}), "<***>");
}

TEST(Redactor, MasksPercentEncodedFormsHoweverMuchIsEncoded) {
  const std::vector<std::string> secrets{"p@ss/w:rd?#é 1"};
  for (const std::string form : {"p@ss/w:rd?#é 1", "p%40ss%2Fw%3Ard%3F%23%C3%A9%201", "p%40ss%2fw%3ard%3f%23%c3%a9%201",
                                 "p%40ss%2Fw%3Ard%3F%23%C3%A9+1", "p%40ss%2fw%3ard%3f%23%c3%a9+1",
                                 "p%40ss/w:rd?%23é%201", "%70@ss/w:rd?#é+%31"}) {
    EXPECT_EQ(clean("x " + form + " y", secrets), "x *** y") << form;
  }
}

TEST(Redactor, TakesPercentAndPlusInSecretsAtTheirWord) {
  EXPECT_EQ(clean("a 100%41+x b", {"100%41+x"}), "a *** b");
  EXPECT_EQ(clean("a 100%2541%2Bx b", {"100%41+x"}), "a *** b");
  EXPECT_EQ(clean("a 100%2541+x b", {"100%41+x"}), "a *** b");
  EXPECT_EQ(clean("%%%%%%", {"%%%%"}), "***");
}

TEST(Redactor, CleansTwiceLikeOnce) {
  for (const std::string text :
       {"postgres://u:p@h/db?password=x&a=b", "password='a b' token=x;y=z", "hunter2 %68unter2"}) {
    const auto once = clean(text, {"hunter2"});
    EXPECT_EQ(clean(once, {"hunter2"}), once);
  }
}

TEST(Redactor, MasksShortSecretsOnlyWhereTheyStandAlone) {
  EXPECT_EQ(clean("a banana, 'a' (a) a_b 1a a=a", {"a"}), "*** banana, '***' (***) a_b 1a ***=***");
  EXPECT_EQ(clean("abc abcd xabc abc", {"abc"}), "*** abcd xabc ***");
  EXPECT_EQ(clean("u:abc@h port 54321, id 123", {"123"}), "u:abc@h port 54321, id ***");
  EXPECT_EQ(clean("abcd xabcdx", {"abcd"}), "*** x***x");
  EXPECT_EQ(clean("the file /var/lib/x", {"/"}), "the file /var/lib/x");
  EXPECT_EQ(clean("x%2Fy z %2F ", {"/"}), "x%2Fy z *** ");
  EXPECT_EQ(clean("a%2Fb, xa%2Fb", {"a/b"}), "***, xa%2Fb");
}

TEST(Redactor, NeverCutsACharacter) {
  EXPECT_EQ(clean("für grüße", {"ü"}), "für grüße");
  EXPECT_EQ(clean("= ü =", {"ü"}), "= *** =");
  EXPECT_EQ(clean("äöü grüßen", {"grüße"}), "äöü ***n");
  // not UTF-8: "\xA4" is the second byte of ä, "\xBC""bcd" begins inside of ü
  EXPECT_EQ(clean("ä", {"\xA4"}), "ä");
  EXPECT_EQ(clean("xübcdy", {"\xBC"
                             "bcd"}),
            "x***y");
  EXPECT_EQ(clean("xabcdüy", {"abcd\xC3"}), "x***y");
}

// -- URLs

TEST(Redactor, MasksTheUserPartOfUrls) {
  expect_all(
      {{"postgres://u:p@h/db", "postgres://***@h/db"},
       {"at postgresql://u:p@h:5432/db?sslmode=require now", "at postgresql://***@h:5432/db?sslmode=require now"},
       {"'mysql://u:p@h', \"x+y.z-1://u:p@h\"", "'mysql://***@h', \"x+y.z-1://***@h\""},
       {"https://token@host/x", "https://***@host/x"},
       {"a://u:p@h b://v:q@i", "a://***@h b://***@i"},
       {"s3://bucket/key", "s3://bucket/key"},
       {"postgres:///db?host=/tmp", "postgres:///db?host=/tmp"}});
}

TEST(Redactor, MasksPasswordsThatHoldWhatEndsThem) {
  for (const std::string password :
       {"a/b", "a?b", "a#b", "a@b", "a:b", "@/?#:@", "p%40", "ü🚲", "a&b=c;d", "://", "<>", "[x]"}) {
    EXPECT_EQ(clean("cannot reach 'postgres://user:" + password + "@host:5432/db'"),
              "cannot reach 'postgres://***@host:5432/db'")
        << password;
  }
}

TEST(Redactor, MasksPasswordsThatHoldQuotesOrBlanks) {
  expect_all({{"postgres://u:pa'ss@h/db", "postgres://u:***@h/db"},
              {"postgres://u:pa ss@h/db", "postgres://u:***@h/db"},
              {"postgres://u:1234'56@h/db x", "postgres://u:1234'56@h/db x"}});  // a port, as far as can be told
}

TEST(Redactor, MasksAPasswordThatNoHostFollows) {
  expect_all({{"'postgres://u:geheim' has no host", "'postgres://u:***' has no host"},
              {"postgres://u:geheim/x\nmail a@b", "postgres://u:***\nmail a@b"}});
}

TEST(Redactor, LeavesHostsAndPortsAlone) {
  expect_all({{"http://127.0.0.1:9000/x", "http://127.0.0.1:9000/x"},
              {"http://[::1]:9000, http://host: refused", "http://[::1]:9000, http://host: refused"},
              {"postgres://h:5432: no route", "postgres://h:5432: no route"},
              {"http://h:80, mail a@b", "http://h:80, mail a@b"},
              {"file:///C:/x and ://u:p@h", "file:///C:/x and ://u:p@h"}});
}

// -- key=value lists

TEST(Redactor, MasksValuesOfSecretKeys) {
  expect_all(
      {{"host=h password=geheim user=u", "host=h password=*** user=u"},
       {"PASSWORD=x pwd=x Passwd=x", "PASSWORD=*** pwd=*** Passwd=***"},
       {"sslpassword=x oauth_client_secret=x", "sslpassword=*** oauth_client_secret=***"},
       {"aws_session_token = x, y", "aws_session_token = *** y"},
       {"Server=s;User ID=sa;Pwd=p;Encrypt=yes", "Server=s;User ID=sa;Pwd=***;Encrypt=yes"},
       {"AccountName=a;AccountKey=Zm9v+/==;EndpointSuffix=core", "AccountName=a;AccountKey=***;EndpointSuffix=core"},
       {"https://x.blob/c?sv=1&sig=a%2Bb%3D&se=2", "https://x.blob/c?sv=1&sig=***&se=2"},
       {"?X-Amz-Date=1&X-Amz-Signature=0af&X-Amz-Security-Token=t",
        "?X-Amz-Date=1&X-Amz-Signature=***&X-Amz-Security-Token=***"},
       {"AWS_SECRET_ACCESS_KEY=abc/d+e", "AWS_SECRET_ACCESS_KEY=***"},
       {"aws_access_key_id=AKIA", "aws_access_key_id=AKIA"},
       {"api-key=1 passphrase=2 client.secret=3", "api-key=*** passphrase=*** client.secret=***"}});
}

TEST(Redactor, LeavesOtherKeysAlone) {
  for (const std::string text : {"config=a", "design=b", "bypass=c", "passfile=/x", "password_env=DB", "token_count=5",
                                 "x=1", "password", "the password is wrong", "password: wrong", "sig = ", "token="}) {
    EXPECT_EQ(clean(text), text);
  }
}

TEST(Redactor, MasksQuotedValues) {
  expect_all({{"password='a b' host=h", "password=*** host=h"},
              {R"(password='it\'s \\' host=h)", "password=*** host=h"},
              {"password = 'it''s' host=h", "password = *** host=h"},
              {"Password=\"a\"\";b\";Server=s", "Password=***;Server=s"},
              {"PWD={a}};b c};Server=s", "PWD=***;Server=s"},
              {"password='' host=h", "password=*** host=h"},
              {"password=\"a\"b c", "password=*** c"},
              {"(password='x')", "(password=***)"},
              {"\"password\" = 'x'", "\"password\" = ***"},
              {"password='never closed; host=h\nnext", "password=***\nnext"},
              {"password='x\\", "password=***"}});
}

TEST(Redactor, TakesSeparatorsForPartOfTheValueUnlessAPairFollows) {
  expect_all({{"password=a&b;c host=h", "password=*** host=h"},
              {"password=a&b=c", "password=***&b=c"},
              {"password=;host=h", "password=;host=h"},
              {"password=a,b'c\"d host=h", "password=*** host=h"},
              {"password=a=b==", "password=***"}});
}

TEST(Redactor, MasksSecretsOfAllKindsInOneText) {
  EXPECT_EQ(clean("postgres://u:hunter2@h/db?sslpassword=x&a=1: auth of hunter2 failed", {"hunter2", "u:hunter2@h"}),
            "postgres://***/db?sslpassword=***&a=1: auth of *** failed");
}

// -- size

/// Cleans `bytes` of `unit` in front of a secret, with secrets that begin alike everywhere.
void expect_quick(std::string_view unit, std::size_t bytes) {
  Redactor redactor;
  for (const char* secret : {"hunter2", "ab", "a b", "%%%%%%%%", "://a:", "====", "@@@@"}) redactor.remember(secret);
  redactor.remember(std::string(5'000, 'a') + "b");
  const auto text = repeated(unit, bytes) + " hunter2 ";
  const auto began = std::chrono::steady_clock::now();
  const auto cleaned = redactor.clean(text);
  EXPECT_LT(std::chrono::steady_clock::now() - began, kSoon);
  EXPECT_THAT(cleaned.substr(cleaned.size() - std::min<std::size_t>(cleaned.size(), 100)), Not(HasSubstr("hunter2")));
}

class LongText : public ::testing::TestWithParam<std::string> {};

TEST_P(LongText, IsCleanedInLinearTime) { expect_quick(GetParam(), 1'000'000); }

TEST(Redactor, CleansTenMegabytes) {
  for (const auto* unit : {"x", "a", "a://b:c ", "password='"}) expect_quick(unit, 10'000'000);
}

INSTANTIATE_TEST_SUITE_P(Redactor, LongText,
                         ::testing::Values("x", "a", " ", "\t=", "=", "@", "%", "%2", "%61", "+", "://", "a://",
                                           "a://b:c", "a://b:c'", "a://b:c ", "a://u:p@h ", "a://@", "password",
                                           "password ", "password=", "password= ", "password='", "password=''",
                                           "password={", "password=\\", "password='\\", "pwd=x;", "pwd=x&a",
                                           "pwd=x;a=", "token=x\n", ";", "&&a", "ü", "\x80", "hunter", "hunter2"));

TEST(Redactor, FindsASecretOfMegabytes) {
  const auto secret = repeated("0123456789abcde", 1'000'000);
  EXPECT_EQ(clean("<" + secret + ">", {secret}), "<***>");
}

TEST(Redactor, MayBeUsedFromManyThreads) {
  Redactor redactor;
  std::atomic<int> leaks{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&redactor, &leaks, t] {
      for (int i = 0; i < 200; ++i) {
        const auto secret = "secret-" + std::to_string(t) + "-" + std::to_string(i) + "!";
        redactor.remember(secret);
        if (redactor.clean("x " + secret) != "x ***") ++leaks;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(leaks, 0);
}

}  // namespace
}  // namespace rivet::base
