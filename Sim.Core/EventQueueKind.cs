namespace Sim.Core;

/// <summary>Which pending-event set a <see cref="Simulator"/> uses. Both fire the same events in the same order.</summary>
public enum EventQueueKind
{
    /// <summary>Timing wheel with a sorted near bucket: the fast one.</summary>
    Wheel,

    /// <summary>A 4-ary heap: slower and simple; the judge of the wheel.</summary>
    ReferenceHeap,
}
