namespace Sim.Core;

/// <summary>How far a run has come.</summary>
/// <param name="Now">The present simulated time.</param>
/// <param name="EventsFired">Events fired so far.</param>
/// <param name="PendingEvents">Events that wait.</param>
public readonly record struct SimProgress(SimTime Now, long EventsFired, int PendingEvents);
