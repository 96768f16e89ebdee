namespace Scenarios.Cli;

/// <summary>What the output may look like: wide and coloured on a terminal, plain in a pipe.</summary>
internal readonly record struct Terminal(int Width, bool Coloured)
{
    private const int Widest = 140;

    public static Terminal Of(TextWriter output)
    {
        if (output != Console.Out || Console.IsOutputRedirected) return new Terminal(Widest, false);
        var width = Console.WindowWidth is > 0 and var w ? Math.Clamp(w - 1, 80, Widest) : Widest;
        return new Terminal(width, Environment.GetEnvironmentVariable("NO_COLOR") is null or "");
    }
}
