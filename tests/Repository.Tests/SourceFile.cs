using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Repository.Tests;

/// <summary>A text file of the repository, seen as lines and, if it is C#, as tokens: what stands in a comment is no code.</summary>
internal sealed class SourceFile
{
    private readonly Lazy<SyntaxNode> _root;
    private readonly Lazy<IReadOnlyList<SyntaxToken>> _tokens;

    public SourceFile(string path, string text)
    {
        Path = path;
        Text = text;
        Lines = text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
        _root = new(() => CSharpSyntaxTree.ParseText(text).GetRoot());
        _tokens = new(() => [.. _root.Value.DescendantTokens()]);
    }

    /// <summary>Path from the repository's root, with forward slashes.</summary>
    public string Path { get; }

    public string Text { get; }

    public IReadOnlyList<string> Lines { get; }

    public bool IsCode => Path.EndsWith(".cs", StringComparison.Ordinal);

    /// <summary>The folder at the root that the file is in.</summary>
    public string Room => Path.Split('/')[0];

    public IReadOnlyList<SyntaxToken> Tokens => _tokens.Value;

    /// <summary>String literals and the text parts of interpolated strings, by value.</summary>
    public IEnumerable<(string Value, int Line)> Strings => Tokens
        .Where(t => t.Kind() is SyntaxKind.StringLiteralToken or SyntaxKind.Utf8StringLiteralToken or SyntaxKind.InterpolatedStringTextToken
            or SyntaxKind.SingleLineRawStringLiteralToken or SyntaxKind.MultiLineRawStringLiteralToken)
        .Select(t => (t.ValueText, LineOf(t)));

    /// <summary>The namespace declared here; null if there is none.</summary>
    public string? Namespace => _root.Value.DescendantNodes().OfType<BaseNamespaceDeclarationSyntax>().FirstOrDefault()?.Name.ToString();

    /// <summary>Lines on which these tokens follow each other, written as in code: <c>DateTime.Now</c>.</summary>
    public IEnumerable<int> LinesWith(string code)
    {
        var wanted = SyntaxFactory.ParseTokens(code).Where(t => !t.IsKind(SyntaxKind.EndOfFileToken)).Select(t => t.Text).ToArray();
        var tokens = Tokens;
        for (var i = 0; i + wanted.Length <= tokens.Count; i++)
        {
            var k = 0;
            while (k < wanted.Length && tokens[i + k].Text == wanted[k]) k++;
            if (k == wanted.Length) yield return LineOf(tokens[i]);
        }
    }

    /// <summary>A complaint about a line of this file.</summary>
    public string At(int line, string complaint) => $"{Path}:{line}: {complaint}";

    public override string ToString() => Path;

    private static int LineOf(SyntaxToken token) => token.GetLocation().GetLineSpan().StartLinePosition.Line + 1;
}
