namespace Scenarios.Language;

/// <summary>Where something stands in a script: file, line and column, both counted from 1.</summary>
public readonly record struct SourcePosition(string File, int Line, int Column)
{
    public override string ToString() => $"{File}:{Line}:{Column}";
}
