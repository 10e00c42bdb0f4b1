// `tutti doctor`: what is to be thought of a Redis, and the rule that its user needs.
#include "tutti/doctor.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include "cli/cli.hpp"
#include "cli/commands.hpp"
#include "cli/text.hpp"
#include "tutti/json.hpp"

namespace tutti {

BOOST_DESCRIBE_ENUM(Verdict, ok, unknown, warning, problem)
BOOST_DESCRIBE_STRUCT(Finding, (), (subject, found, verdict, means, advice))

namespace cli {
namespace {

struct Report {
    std::string server;
    std::string acl_rule;
    Verdict worst = Verdict::ok;
    std::vector<Finding> findings;
};
BOOST_DESCRIBE_STRUCT(Report, (), (server, acl_rule, worst, findings))

void print(std::ostream& out, const Diagnosis& diagnosis) {
    constexpr std::size_t verdict_width = 9;
    std::size_t subject_width = 0;
    for (const Finding& finding : diagnosis.findings) {
        subject_width = std::max(subject_width, finding.subject.size() + 2);
    }
    const std::string indent(2 + verdict_width, ' ');
    out << diagnosis.server << "\n\nWhat the user of a node must be allowed:\n\n  "
        << diagnosis.acl_rule << "\n\n";
    for (const auto& [subject, found, verdict, means, advice] : diagnosis.findings) {
        out << "  " << left_aligned(to_string(verdict), verdict_width)
            << left_aligned(subject, found.empty() ? 0 : subject_width) << found << '\n';
        if (!means.empty()) out << indent << means << '\n';
        if (!advice.empty()) out << indent << "-> " << advice << '\n';
    }
}

// A message names the options of DoctorOptions; here they are spelled otherwise.
std::string as_typed(std::string message) {
    using Spelling = std::pair<std::string_view, std::string_view>;
    static constexpr std::array spellings{
        Spelling{" key_prefixes: ", " --keys: "}, Spelling{" channels: ", " --channels: "},
        Spelling{" app: ", " --app: "}, Spelling{" timeout: ", " --timeout: "}};
    for (const auto& [option, typed] : spellings) {
        const std::size_t at = message.find(option);
        if (at != std::string::npos) message.replace(at, option.size(), typed);
    }
    return message;
}

}  // namespace

int doctor(const DoctorCommand& command, std::ostream& out, std::ostream& err, const World& world) {
    if (command.urls.size() > 1 || (command.urls.empty() && world.redis_url.empty())) {
        err << "tutti doctor: name one URL, such as redis://user:password@host:6379, or set "
               "REDIS_URL\n";
        return exit_failed;
    }
    const std::string& url = command.urls.empty() ? world.redis_url : command.urls.front();
    const auto diagnosis = world.diagnose(url, command.options);
    if (!diagnosis) {
        err << "tutti doctor: " << as_typed(diagnosis.error().message()) << '\n';
        return exit_failed;
    }
    if (command.format == Format::json) {
        out << json::write(Report{.server = diagnosis->server,
                                  .acl_rule = diagnosis->acl_rule,
                                  .worst = diagnosis->worst(),
                                  .findings = diagnosis->findings})
            << '\n';
    } else {
        print(out, *diagnosis);
    }
    return diagnosis->worst() == Verdict::problem ? exit_refused : exit_success;
}

}  // namespace cli
}  // namespace tutti
