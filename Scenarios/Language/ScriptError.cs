namespace Scenarios.Language;

/// <summary>One thing wrong with a script, in one line: <c>file:line:column: what was wrong; expected what</c>.</summary>
public sealed record ScriptError(SourcePosition Position, string Message)
{
    public override string ToString() => $"{Position}: {Message}";
}

/// <summary>A script that cannot be run, with everything that is wrong with it in reading order.</summary>
public sealed class ScriptException(IReadOnlyList<ScriptError> errors) : Exception(string.Join(Environment.NewLine, errors))
{
    public ScriptException(SourcePosition position, string message) : this([new ScriptError(position, message)]) { }

    public IReadOnlyList<ScriptError> Errors { get; } = errors;
}
