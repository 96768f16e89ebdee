using System.Text.RegularExpressions;

namespace Repository.Tests;

/// <summary>What a text written in Markdown promises: files that exist, and commands that run.</summary>
internal static partial class ReadmeRules
{
    public static IEnumerable<string> DeadLinks(SourceFile page, Func<string, bool> exists) => Link().Matches(page.Text)
        .Select(m => (m.Groups[1].Value + m.Groups[2].Value).Split('#')[0])
        .Where(target => target.Length > 0 && !target.Contains("://", StringComparison.Ordinal) && !exists(target))
        .Select(target => $"{page.Path}: nothing at {target}");

    /// <summary>Lines of a page's code blocks that start as given, without their indentation.</summary>
    public static IEnumerable<string> Commands(SourceFile page, string start) => page.Lines
        .Where(l => l.StartsWith("    ", StringComparison.Ordinal))
        .Select(l => l.Trim())
        .Where(l => l.StartsWith(start, StringComparison.Ordinal));

    /// <summary>The words after <c>pciesim</c> that stand for commands of the program.</summary>
    public static IEnumerable<string> Verbs(SourceFile page) => Verb().Matches(page.Text)
        .SelectMany(m => m.Groups.Values.Skip(1)).Where(g => g.Success).Select(g => g.Value).Distinct();

    [GeneratedRegex(@"\]\(([^)\s]+)\)|src=""([^""]+)""")]
    private static partial Regex Link();

    [GeneratedRegex(@"(?:`|^ {4}(?:.*\| )?)pciesim ([a-z]+)(?: (decode|encode))?", RegexOptions.Multiline)]
    private static partial Regex Verb();
}
