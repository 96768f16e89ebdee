namespace Scenarios.Language;

/// <summary>Collects the errors of a script. Variants of one matrix share most of their text, so the same error is kept once.</summary>
internal sealed class ErrorList
{
    private readonly HashSet<ScriptError> _seen = [];

    public bool Any => _seen.Count > 0;

    public void Add(SourcePosition position, string message) => _seen.Add(new ScriptError(position, message));

    public void ThrowIfAny()
    {
        if (!Any) return;
        throw new ScriptException([.. _seen
            .OrderBy(e => e.Position.File, StringComparer.Ordinal)
            .ThenBy(e => e.Position.Line)
            .ThenBy(e => e.Position.Column)
            .ThenBy(e => e.Message, StringComparer.Ordinal)]);
    }
}
