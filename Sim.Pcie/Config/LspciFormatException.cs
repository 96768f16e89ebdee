namespace Sim.Pcie.Config;

/// <summary>A dump that cannot be read, and where.</summary>
/// <param name="line">Line in the text, counted from 1.</param>
/// <param name="column">Column in the line, counted from 1.</param>
/// <param name="wrong">What was wrong.</param>
/// <param name="expected">What was expected instead.</param>
public sealed class LspciFormatException(int line, int column, string wrong, string expected)
    : FormatException($"line {line}, column {column}: {wrong}; expected {expected}")
{
    /// <summary>Line in the text, counted from 1.</summary>
    public int Line => line;

    /// <summary>Column in the line, counted from 1.</summary>
    public int Column => column;

    /// <summary>What was wrong and what was expected, without the place.</summary>
    public string Complaint => $"{wrong}; expected {expected}";
}
