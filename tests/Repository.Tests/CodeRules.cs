using System.Text.RegularExpressions;

namespace Repository.Tests;

/// <summary>What no C# file may do: every rule yields one complaint for each place that breaks it.</summary>
internal static partial class CodeRules
{
    private const int MostColumns = 140;
    private const int MostLines = 500;

    private static readonly string[] Unrepeatable =
    [
        "DateTime.Now", "DateTime.UtcNow", "DateTime.Today", "DateTimeOffset.Now", "DateTimeOffset.UtcNow", "Stopwatch", "TimeProvider",
        "Environment.TickCount", "Environment.TickCount64", "Random", "Guid.NewGuid", "Task.Run", "Task.Delay", "Task.Factory",
        "Thread.Sleep", "ThreadPool", "Parallel", "PeriodicTimer",
    ];

    private static readonly string[] LibmOwners = ["Math", "MathF", "double", "float"];

    private static readonly string[] LibmFunctions =
    [
        "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atan2", "Atanh", "Cbrt", "Cos", "Cosh", "Exp", "Exp2", "Exp10", "Hypot", "Log", "Log2",
        "Log10", "LogP1", "Pow", "Sin", "SinCos", "Sinh", "Sqrt", "Tan", "Tanh",
    ];

    public static IEnumerable<string> Repeatable(SourceFile file) =>
        from code in Unrepeatable
        from line in file.LinesWith(code)
        select file.At(line, $"{code} makes a run depend on the machine");

    public static IEnumerable<string> OwnArithmetic(SourceFile file) =>
        (from owner in LibmOwners
         from function in LibmFunctions
         from line in file.LinesWith($"{owner}.{function}")
         select file.At(line, $"{owner}.{function} may differ in the last bit from machine to machine"))
        .Concat(file.LinesWith("MathNet").Select(line => file.At(line, "MathNet is for analysis, not for simulation")));

    public static IEnumerable<string> NarrowLines(SourceFile file) => file.Lines
        .Select((text, i) => (text.Length, Line: i + 1))
        .Where(l => l.Length > MostColumns)
        .Select(l => file.At(l.Line, $"{l.Length} columns; the most is {MostColumns}"));

    public static IEnumerable<string> ShortFile(SourceFile file) =>
        file.Lines.Count > MostLines ? [file.At(1, $"{file.Lines.Count} lines; the most is {MostLines}")] : [];

    public static IEnumerable<string> NamespaceIsFolder(SourceFile file)
    {
        var folder = file.Path[..file.Path.LastIndexOf('/')].Replace('/', '.');
        return file.Namespace is { } name && name != folder ? [file.At(1, $"namespace {name} in folder {folder}")] : [];
    }

    public static IEnumerable<string> Finished(SourceFile file) => file.Lines
        .Select((text, i) => (Found: Unfinished().Match(text), Line: i + 1))
        .Where(l => l.Found.Success)
        .Select(l => file.At(l.Line, $"{l.Found.Value}: finish it, or say in DEVIATIONS.md what is missing"));

    /// <summary>A type of another namespace can be named only together with it, in a using directive or in front of the type.</summary>
    public static IEnumerable<string> NamesNothingOf(SourceFile file, string space, string why) =>
        file.LinesWith(space).Select(line => file.At(line, $"names {space}: {why}"));

    /// <summary>A string that is one of the words, or holds one that cannot be plain English because of its hyphen.</summary>
    public static IEnumerable<string> SaysNone(SourceFile file, IReadOnlyCollection<string> words) =>
        from text in file.Strings
        from word in words
        where text.Value == word || (word.Contains('-') && text.Value.Contains(word, StringComparison.Ordinal))
        select file.At(text.Line, $"the string \"{text.Value}\" names '{word}': a verdict is measured, not looked up");

    // Put together here, so that a search for the words does not find the rule.
    [GeneratedRegex(@"\bTO" + @"DO\b|\bFIX" + @"ME\b|\bNotImplemented" + "Exception")]
    private static partial Regex Unfinished();
}
