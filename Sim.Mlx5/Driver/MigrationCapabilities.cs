namespace Sim.Mlx5.Driver;

/// <summary>What a PF offers for the migration of its VFs.</summary>
/// <param name="Migration">VFs can be suspended, saved and loaded.</param>
/// <param name="Incremental">Images can be saved while a VF runs, and several loaded one after the other: what PRE_COPY needs.</param>
/// <param name="PageTracking">The PF logs the pages that a VF writes.</param>
/// <param name="InChunks">Images can be saved in chunks.</param>
public readonly record struct MigrationCapabilities(bool Migration, bool Incremental, bool PageTracking, bool InChunks = false);
