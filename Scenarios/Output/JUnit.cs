using System.Text;
using System.Xml;
using Scenarios.Language;
using Scenarios.Results;

namespace Scenarios.Output;

/// <summary>junit.xml: a suite for each script, a case for each variant.</summary>
internal static class JUnit
{
    public static string Of(IReadOnlyList<ScenarioResult> results, IReadOnlyList<(string Script, ScriptException Error)> broken)
    {
        var text = new StringBuilder();
        using (var xml = XmlWriter.Create(new Utf8(text), new XmlWriterSettings { Indent = true, NewLineChars = "\n" }))
        {
            var all = results.SelectMany(r => r.Variants).ToList();
            xml.WriteStartElement("testsuites");
            Totals(xml, all.Count + broken.Count, all.Count(v => !v.Passed), broken.Count);
            foreach (var result in results) Suite(xml, result);
            foreach (var (script, error) in broken)
            {
                xml.WriteStartElement("testsuite");
                xml.WriteAttributeString("name", script);
                Totals(xml, 1, 0, 1);
                Case(xml, script, "the script can be read");
                Message(xml, "error", [.. error.Errors.Select(e => e.ToString())]);
                xml.WriteEndElement();
                xml.WriteEndElement();
            }
            xml.WriteEndElement();
        }
        return text.Append('\n').ToString();
    }

    private static void Suite(XmlWriter xml, ScenarioResult result)
    {
        xml.WriteStartElement("testsuite");
        xml.WriteAttributeString("name", result.File.Name);
        Totals(xml, result.Variants.Count, result.Variants.Count(v => !v.Passed), 0);
        foreach (var variant in result.Variants)
        {
            Case(xml, result.File.Name, variant.Result.Variant.Name);
            if (!variant.Passed) Message(xml, "failure", [.. variant.Complaints]);
            xml.WriteElementString("system-out",
                Clean($"host {variant.Result.Host.Word()}, migration {variant.Result.Migration.Word()}, because {variant.Result.Because}"));
            xml.WriteEndElement();
        }
        xml.WriteEndElement();
    }

    private static void Totals(XmlWriter xml, int tests, int failures, int errors)
    {
        xml.WriteAttributeString("tests", $"{tests}");
        xml.WriteAttributeString("failures", $"{failures}");
        xml.WriteAttributeString("errors", $"{errors}");
    }

    private static void Case(XmlWriter xml, string suite, string name)
    {
        xml.WriteStartElement("testcase");
        xml.WriteAttributeString("classname", Clean(suite));
        xml.WriteAttributeString("name", Clean(name));
    }

    private static void Message(XmlWriter xml, string element, IReadOnlyList<string> lines)
    {
        xml.WriteStartElement(element);
        xml.WriteAttributeString("message", Clean(lines.Count > 0 ? lines[0] : ""));
        xml.WriteString(Clean(string.Join("\n", lines)));
        xml.WriteEndElement();
    }

    private static string Clean(string text) => string.Concat(text.Where(c => XmlConvert.IsXmlChar(c)));

    private sealed class Utf8(StringBuilder text) : StringWriter(text, System.Globalization.CultureInfo.InvariantCulture)
    {
        public override Encoding Encoding => new UTF8Encoding(false);
    }
}
