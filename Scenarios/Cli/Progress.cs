using Spectre.Console;

namespace Scenarios.Cli;

/// <summary>A progress bar on the terminal's error stream; nothing at all where that is a pipe or a file.</summary>
internal static class Progress
{
    public static T During<T>(string name, int total, Func<Action<int>?, T> work)
    {
        if (Console.IsErrorRedirected || total == 1) return work(null);
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return console.Progress().AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new SpinnerColumn())
            .Start(context =>
            {
                var task = context.AddTask(Markup.Escape(name), maxValue: total);
                return work(done => task.Value = done);
            });
    }
}
