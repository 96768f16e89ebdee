namespace Sim.Pcie.Inject;

/// <summary>An aer-inject file that cannot be read, and where.</summary>
/// <param name="line">Line in the text, counted from 1.</param>
/// <param name="column">Column in the line, counted from 1.</param>
/// <param name="complaint">What was wrong and what was expected.</param>
public sealed class AerInjectFormatException(int line, int column, string complaint)
    : FormatException($"line {line}, column {column}: {complaint}")
{
    /// <summary>Line in the text, counted from 1.</summary>
    public int Line => line;

    /// <summary>Column in the line, counted from 1.</summary>
    public int Column => column;

    /// <summary>What was wrong and what was expected, without the place.</summary>
    public string Complaint => complaint;
}
