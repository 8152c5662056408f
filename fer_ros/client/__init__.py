"""Emotions for behaviour code: who is there, what each person shows, and when that changes.

Example:
    from fer_ros.client import EmotionClient

    class Greeter(Node):
        def __init__(self):
            super().__init__('greeter')
            self.people = EmotionClient(self, on_change=self.react)

        def react(self, person, before):
            if person.label == 'happiness':
                self.get_logger().info(f'person {person.track_id} smiles')
"""

from fer_ros.client.client import EmotionClient
from fer_ros.client.people import Person

__all__ = ['EmotionClient', 'Person']
