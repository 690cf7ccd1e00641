using System.Globalization;
using System.Xml;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Evaluation.Model;
using SelfDev.Core.Formats;

namespace SelfDev.Core.Evaluation.Formats;

/// <summary>
/// JUnit XML (roots <c>testsuites</c> and <c>testsuite</c>) and Visual Studio's TRX. A test case is a sample, a suite a
/// task; a case that comes again is a repeat. Document type definitions are refused, so that no entity is ever expanded
/// or fetched.
/// </summary>
internal static class TestReportFormat
{
    private const string Metric = "passed";

    public static void Read(EvaluationSource source)
    {
        var bytes = source.ReadAll();
        var settings = new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            IgnoreComments = true,
            IgnoreWhitespace = true,
            MaxCharactersInDocument = EvaluationSource.MaxDocumentBytes,
        };
        var cases = new TestCases(source);
        using var reader = XmlReader.Create(new MemoryStream(bytes, writable: false), settings);
        try
        {
            while (reader.Read())
            {
                source.Cancellation.ThrowIfCancellationRequested();
                cases.Take(reader);
            }
        }
        catch (XmlException broken)
        {
            var declares = broken.Message.Contains("DTD", StringComparison.Ordinal);
            var line = Math.Max(1, Math.Max(broken.LineNumber, ((IXmlLineInfo)reader).LineNumber));
            source.Reject(
                line,
                declares
                    ? "The XML declares a document type, which is refused: entities in it could read files or fill the "
                        + "memory. Remove the <!DOCTYPE ...>."
                    : string.Create(
                        CultureInfo.InvariantCulture,
                        $"The XML is not well-formed at column {broken.LinePosition}; test cases before it were read."
                    )
            );
            cases.Damaged(line);
        }

        cases.End();
        source.Read(bytes.AsSpan().Count((byte)'\n') + 1);
    }

    private sealed class TestCases(EvaluationSource source)
    {
        private readonly Stack<string> _suites = new();
        private readonly Dictionary<string, int> _repeats = new(StringComparer.Ordinal);
        private readonly HashSet<string> _tasks = new(StringComparer.Ordinal);
        private bool _open;
        private bool _skipped;

        public void Take(XmlReader reader)
        {
            if (reader.NodeType == XmlNodeType.Element)
            {
                TakeElement(reader);
            }
            else if (reader.NodeType == XmlNodeType.EndElement && reader.LocalName is "testcase" or "UnitTestResult")
            {
                Close();
            }
            else if (reader.NodeType == XmlNodeType.EndElement && reader.LocalName == "testsuite" && _suites.Count > 0)
            {
                _suites.Pop();
            }
            else if (reader.NodeType is XmlNodeType.Text or XmlNodeType.CDATA && _open && _takeText)
            {
                source.Row.Message ??= reader.Value.Trim();
                _takeText = false;
            }
        }

        private bool _takeText;

        public void Damaged(long line)
        {
            foreach (var task in _tasks)
            {
                source
                    .Run.Task(task)
                    .Report(
                        EvaluationStatus.Partial,
                        "the report is damaged",
                        new Place(source.File.Name, line, 0, "")
                    );
            }
        }

        public void End()
        {
            foreach (var task in _tasks)
            {
                source.Run.Task(task).Place ??= new Place(source.File.Name, 1, 0, "");
            }
        }

        private void TakeElement(XmlReader reader)
        {
            switch (reader.LocalName)
            {
                case "testsuite" when !reader.IsEmptyElement:
                    _suites.Push(reader.GetAttribute("name") ?? "");
                    break;
                case "testcase":
                    Begin(
                        reader,
                        Name(reader.GetAttribute("classname"), reader.GetAttribute("name")),
                        reader.GetAttribute("classname"),
                        reader.GetAttribute("time")
                    );
                    source.Row.Outcome = SampleOutcome.Pass;
                    CloseIfEmpty(reader);
                    break;
                case "UnitTestResult":
                    Begin(reader, reader.GetAttribute("testName") ?? "", null, null);
                    source.Row.Seconds = TimeSpan.TryParse(
                        reader.GetAttribute("duration"),
                        CultureInfo.InvariantCulture,
                        out var took
                    )
                        ? took.TotalSeconds
                        : double.NaN;
                    TakeOutcome(reader.GetAttribute("outcome"));
                    CloseIfEmpty(reader);
                    break;
                case "failure" or "error" when _open && source.Row.Outcome == SampleOutcome.Pass:
                    TakeFailure(reader);
                    break;
                case "skipped" when _open:
                    _skipped = true;
                    break;
                case "Message" when _open:
                    _takeText = true;
                    break;
            }
        }

        private void Begin(XmlReader reader, string id, string? group, string? seconds)
        {
            Close();
            _open = true;
            _skipped = false;
            var suite = _suites.FirstOrDefault(name => name.Length > 0) ?? source.TaskName;
            var row = source.Row;
            row.Clear(suite);
            row.Id = id;
            row.Line = ((IXmlLineInfo)reader).LineNumber;
            row.Seconds = seconds is null ? double.NaN : JsonText.Number(seconds);
            if (group is { Length: > 0 and <= 60 })
            {
                row.Attributes.Add(("class", group));
            }
        }

        private void TakeOutcome(string? outcome)
        {
            _skipped = outcome is "NotExecuted" or "Inconclusive" or "NotRunnable" or "Pending" or null;
            source.Row.Outcome = outcome switch
            {
                "Passed" or "PassedButRunAborted" or "Warning" or "Completed" => SampleOutcome.Pass,
                "Timeout" => SampleOutcome.Timeout,
                "Error" or "Aborted" or "Disconnected" => SampleOutcome.HarnessError,
                _ => SampleOutcome.Wrong,
            };
        }

        // A failure is the test's own verdict, an error what kept it from one.
        private void TakeFailure(XmlReader reader)
        {
            var message = reader.GetAttribute("message") ?? reader.GetAttribute("type");
            source.Row.Message = message;
            source.Row.Outcome =
                message is not null && OutcomeClassifier.OfMessage(message) is SampleOutcome.Timeout
                    ? SampleOutcome.Timeout
                : reader.LocalName == "error" ? SampleOutcome.HarnessError
                : SampleOutcome.Wrong;
            _takeText = message is null && !reader.IsEmptyElement;
        }

        private void CloseIfEmpty(XmlReader reader)
        {
            if (reader.IsEmptyElement)
            {
                Close();
            }
        }

        private void Close()
        {
            if (!_open)
            {
                return;
            }

            (_open, _takeText) = (false, false);
            var row = source.Row;
            if (_skipped || row.Id.Length == 0)
            {
                return;
            }

            var key = $"{row.Task}\u001F{row.Id}";
            row.Epoch = _repeats[key] = _repeats.GetValueOrDefault(key) + 1;
            row.Scores.Add((Metric, row.Outcome == SampleOutcome.Pass ? 1 : 0));
            _tasks.Add(row.Task);
            source.Take();
        }

        private static string Name(string? group, string? name) =>
            string.IsNullOrEmpty(group) ? name ?? "" : $"{group}::{name}";
    }
}
