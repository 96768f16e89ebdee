namespace Sim.Mlx5.Driver;

/// <summary>A command that its caller needs failed.</summary>
/// <param name="reply">What came back.</param>
public sealed class Mlx5CommandException(CommandReply reply) : Exception(reply.ToString())
{
    /// <summary>What came back.</summary>
    public CommandReply Reply { get; } = reply;
}
