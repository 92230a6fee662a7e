// Writes RedoRaft traces from a C++17 server: this header is all there is.
//
//     redoraft::TraceFile trace("n1.ndjson", header);
//     {
//         std::lock_guard<std::mutex> guard(log_mutex);   // the lock that makes the step one step
//         flushed_lsn = written_lsn;
//         trace.event("n1", "Fsync").arg("lsn", flushed_lsn).var("flushed_lsn", flushed_lsn);
//     }
//
// An event is written when it goes out of scope.  It must be made while the lock is held under which the step
// was taken, and from the state, not from what was meant to happen: `seq` is counted here, so whatever two
// threads do in the wrong order, the trace shows in that order.  LSNs are in bytes: the first byte after what
// they count.  docs/emitting.md says which steps are events; docs/traces.md is the format.
#ifndef REDORAFT_TRACE_HPP
#define REDORAFT_TRACE_HPP

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redoraft {

// A JSON string, with its quotation marks.
inline std::string json_string(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            char escaped[7];
            std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned char>(c));
            out += escaped;
        } else {
            out += c;
        }
    }
    return out + '"';
}

inline std::string list_of(const std::vector<std::string>& names) {
    std::string out = "[";
    for (const auto& name : names) {
        if (out.size() > 1) out += ',';
        out += json_string(name);
    }
    return out + ']';
}

// The first line of a trace.  Every file of one run has the same one.
struct Header {
    std::vector<std::string> data_nodes;
    std::vector<std::string> log_nodes;
    std::vector<std::string> hidden;  // actions that this server never records
    std::uint64_t start_lsn = 8204;   // the end of an empty log
    std::string source;

    std::string json() const {
        std::vector<std::string> nodes = data_nodes;
        nodes.insert(nodes.end(), log_nodes.begin(), log_nodes.end());
        return "{\"redoraft_trace\":1,\"modules\":[\"Startup\"],\"constants\":{\"data_nodes\":" +
               list_of(data_nodes) + ",\"log_nodes\":" + list_of(log_nodes) +
               ",\"start_lsn\":" + std::to_string(start_lsn) + "},\"nodes\":" + list_of(nodes) +
               ",\"hidden\":" + list_of(hidden) + ",\"source\":" + json_string(source) + "}";
    }
};

class TraceFile;

// One step of one node.  What is not said is left open, and the checkers explore it.
class Event {
  public:
    Event(TraceFile& file, std::string node, std::string action)
        : file_(&file), node_(std::move(node)), action_(std::move(action)) {}
    Event(Event&& other) noexcept
        : file_(std::exchange(other.file_, nullptr)),
          node_(std::move(other.node_)),
          action_(std::move(other.action_)),
          args_(std::move(other.args_)),
          vars_(std::move(other.vars_)),
          sent_(std::move(other.sent_)),
          received_(std::move(other.received_)) {}
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    Event& operator=(Event&&) = delete;
    inline ~Event();

    Event& arg(std::string_view name, std::uint64_t value) { return put(args_, name, std::to_string(value)); }
    Event& arg(std::string_view name, std::string_view value) { return put(args_, name, json_string(value)); }
    Event& var(std::string_view name, std::uint64_t value) { return put(vars_, name, std::to_string(value)); }
    Event& var(std::string_view name, std::string_view value) { return put(vars_, name, json_string(value)); }
    Event& sent(std::string_view message) {
        sent_ += (sent_.empty() ? "" : ",") + json_string(message);
        return *this;
    }
    Event& received(std::string_view message) {
        received_ = json_string(message);
        return *this;
    }

  private:
    friend class TraceFile;

    Event& put(std::string& object, std::string_view name, const std::string& value) {
        object += (object.empty() ? "" : ",") + json_string(name) + ":" + value;
        return *this;
    }

    TraceFile* file_;
    std::string node_, action_, args_, vars_, sent_, received_;
};

// One file, for the events of one node or of several.  Its own lock only keeps lines whole: it does not make
// the step and its event one, the caller's lock does.
class TraceFile {
  public:
    // Throws std::runtime_error when the file cannot be made.
    TraceFile(const std::string& path, const Header& header) : out_(path, std::ios::binary | std::ios::trunc) {
        if (!out_) throw std::runtime_error(path + ": cannot be written");
        out_ << header.json() << '\n';
    }

    Event event(std::string node, std::string action) { return {*this, std::move(node), std::move(action)}; }

    // Whether everything has been written so far.
    bool good() const { return out_.good(); }

  private:
    friend class Event;

    void write(const Event& event) {
        const std::lock_guard<std::mutex> guard(lock_);
        out_ << "{\"node\":" << json_string(event.node_) << ",\"seq\":" << ++seq_[event.node_]
             << ",\"action\":" << json_string(event.action_);
        if (!event.args_.empty()) out_ << ",\"args\":{" << event.args_ << '}';
        if (!event.vars_.empty()) out_ << ",\"vars\":{" << event.vars_ << '}';
        if (!event.sent_.empty()) out_ << ",\"sent\":[" << event.sent_ << ']';
        if (!event.received_.empty()) out_ << ",\"received\":" << event.received_;
        // A process that is killed leaves at most its last line torn.
        out_ << "}\n" << std::flush;
    }

    std::ofstream out_;
    std::mutex lock_;
    std::map<std::string, std::uint64_t> seq_;
};

inline Event::~Event() {
    if (file_ != nullptr) file_->write(*this);
}

}  // namespace redoraft

#endif
