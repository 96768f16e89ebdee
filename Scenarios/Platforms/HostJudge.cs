using Scenarios.Results;
using Sim.Vfio.Kernel;

namespace Scenarios.Platforms;

/// <summary>Grades host integrity from what happened: Messages, resets, link-downs, unloads, panic, writes outside the context.</summary>
internal static class HostJudge
{
    public static HostIntegrity Grade(Recorder recorder, MemoryWatch watch)
    {
        var grade = watch.FirstOutside is null ? HostIntegrity.Intact : HostIntegrity.Lost;
        foreach (var happened in recorder.HostEvents)
        {
            var alone = GradeOf(happened.Kind);
            if (alone > grade) grade = alone;
        }

        return grade;
    }

    public static HostIntegrity GradeOf(HostEventKind kind) => kind switch
    {
        HostEventKind.Panic => HostIntegrity.Lost,
        HostEventKind.HotReset or HostEventKind.LinkDown or HostEventKind.DriverUnload => HostIntegrity.Contained,
        HostEventKind.ErrorMessage or HostEventKind.SystemError or HostEventKind.ErrorNotified => HostIntegrity.Logged,

        // A reset of one's own function and the end of one's own process are the user's own affair.
        _ => HostIntegrity.Intact,
    };
}
