using Scenarios.Language;

namespace Scenarios.Results;

/// <summary>What happened to the host on account of this user.</summary>
public enum HostIntegrity
{
    [Word("intact", "no error Message reached a Root Port, no access left the user's own memory and devices, no other context changed")]
    Intact,
    [Word("logged", "an error was reported and nothing else happened")] Logged,
    [Word("contained", "a reset, link-down or driver unload hit this or another context; the host lives")] Contained,
    [Word("lost", "panic, machine check, or corruption outside the user's context")] Lost,
}

/// <summary>What happened to the migration.</summary>
public enum MigrationIntegrity
{
    [Word("intact", "memory, device state, interrupts, completions and doorbells at the destination equal the source's at the switch-over")]
    Intact,
    [Word("lost", "something differs, was lost, or was done twice")] Lost,
    [Word("none", "nothing was migrated")] None,
}

/// <summary>Where source and destination differ.</summary>
/// <param name="What">What kind of thing: memory page, device state, doorbell, completion, interrupt.</param>
/// <param name="Where">Which one: an address, a queue, a vector.</param>
/// <param name="Source">Its value at the source, at the switch-over.</param>
/// <param name="Destination">Its value at the destination.</param>
public sealed record MigrationDifference(string What, string Where, string Source, string Destination)
{
    /// <summary>The TLP that caused it, in words; null where none is to blame.</summary>
    public string? Cause { get; init; }

    /// <summary>Without the cause.</summary>
    public string Brief => $"{What}{(Where.Length > 0 ? " " : "")}{Where}: source {Source}, destination {Destination}";

    public override string ToString() => Cause is null ? Brief : $"{Brief}; caused by {Cause}";
}
