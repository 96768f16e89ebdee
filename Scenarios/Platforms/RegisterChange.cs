namespace Scenarios.Platforms;

/// <summary>A register field set after everything else, to see what follows.</summary>
/// <param name="Function">Name of the Function.</param>
/// <param name="Path">The field: <c>Bridge Control.SERR# Enable</c>.</param>
/// <param name="Value">What it is set to.</param>
/// <param name="Was">What it was when it decided.</param>
public sealed record RegisterChange(string Function, string Path, ulong Value, ulong Was)
{
    public override string ToString() => $"{Function}: {Path} {Was} -> {Value}";
}
